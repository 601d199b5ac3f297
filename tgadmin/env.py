"""The environment (DESIGN.md's contract): variables first, then what a running ``manage.py up`` has written down.

With ``DATABASE_URL`` set, nothing is taken from ``DATA_DIR``: an external database with keys of an embedded one would
leave secrets unreadable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import environ
from django.core.management.utils import get_random_secret_key

from tgadmin.local import runtime
from tgadmin.local.errors import NotRunning

BASE_DIR = Path(__file__).resolve().parent.parent
NOT_RUNNING = "tgadmin is not running here and DATABASE_URL is not set: start it with bin/run."

env = environ.Env()
standalone = False
"""Set by manage.py for commands that neither serve nor store anything: they run without keys and database."""


def data_dir() -> Path:
    return Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).absolute()


@cache
def _running() -> Mapping[str, str]:
    try:
        return runtime.load(data_dir())
    except NotRunning:
        return {}


def value(name: str, default: str = "") -> str:
    """The variable, else (without DATABASE_URL) what the running ``up`` says, else the default."""
    if name in environ.Env.ENVIRON:
        return env.str(name)
    if "DATABASE_URL" in environ.Env.ENVIRON and name != "REDIS_URL":
        return default
    return _running().get(name, default)


def secret_key() -> str:
    """SECRET_KEY; a passing one for standalone commands, whose imports ask for one and never use it."""
    return value("SECRET_KEY") or (get_random_secret_key() if standalone else "")


def has_database() -> bool:
    return bool(value("DATABASE_URL"))


def database(pool: bool) -> dict[str, object]:
    """Django's database settings. ``pool`` is for the web process: psycopg's pool; Django then wants no CONN_MAX_AGE."""
    url = value("DATABASE_URL")
    if not url:
        return {"ENGINE": "django.db.backends.dummy"}
    config: dict[str, object] = env.db_url_config(url)
    if config["ENGINE"] != "django.db.backends.postgresql":
        raise environ.ImproperlyConfigured("DATABASE_URL must be a postgres:// address: PostgreSQL 15 or newer is required.")
    if pool:
        options = dict(config.get("OPTIONS") or {})  # type: ignore[call-overload]
        options["pool"] = {"min_size": 2, "max_size": 20, "max_waiting": 10, "timeout": 10}
        config["OPTIONS"] = options
    else:
        config["CONN_MAX_AGE"] = 600
        config["CONN_HEALTH_CHECKS"] = True
    return config


def network() -> str:
    """Which Telegram this is: an auth key made there is never sent to another.

    Telegram's production, its test environment (a data centre of its own with Telegram's keys), or, by the fingerprint
    of its public key, any other data centre: an address may change, a key does not.
    """
    if not value("TELEGRAM_DC"):
        return "production"
    path = value("TELEGRAM_DC_PUBLIC_KEY")
    if not path:
        return "test"
    return "dc-" + hashlib.sha256(Path(path).read_bytes().strip()).hexdigest()[:12]
