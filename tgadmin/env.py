"""The environment (DESIGN.md's contract): variables first, then what a running ``manage.py up`` has written down.

With ``DATABASE_URL`` set, nothing is taken from ``DATA_DIR``: an external database with keys of an embedded one would
leave secrets unreadable.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from tgadmin import priority
from tgadmin.database import pooled
from tgadmin.local import runtime
from tgadmin.local.errors import NotRunning
from tgadmin.local.paths import DataDir

BASE_DIR = Path(__file__).resolve().parent.parent
NOT_RUNNING = "tgadmin is not running here and DATABASE_URL is not set: start it with bin/run."

LARGEST = 1_000_000
WORKER_SECONDS = 60
"""For a task of the worker."""

env = environ.Env()
standalone = False
"""Set by manage.py for commands that neither serve nor store anything: they run without keys and database."""


def data_dir() -> Path:
    return Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).absolute()


def static_dir() -> Path:
    """Where the hashed and compressed static files lie: all of it can be made again at any time."""
    return Path(env.str("STATIC_DIR", default="") or data_dir() / "static").absolute()


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
    """SECRET_KEY; else a passing one, as imports ask for one: standalone commands never use it, others are stopped by a
    system check."""
    return value("SECRET_KEY") or get_random_secret_key()


def number(name: str) -> int:
    """The variable's number; 0 when unset, -1 when it is none (a system check says so)."""
    text = value(name).strip() or "0"
    return int(text) if text.isascii() and text.isdigit() else -1


def positive(name: str, default: int) -> int:
    """The variable's number, which is at least 1. Raises ImproperlyConfigured."""
    return at_least(name, 1, default)


def at_least(name: str, least: int, default: int, most: int = LARGEST) -> int:
    """The variable's number, which is at least ``least`` and at most ``most``. Raises ImproperlyConfigured."""
    text = value(name).strip() or str(default)
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def background_niceness() -> int:
    """Of the gateway and the worker. Raises ImproperlyConfigured."""
    return at_least("BACKGROUND_NICENESS", 0, priority.NICENESS, most=19)


def process() -> str:
    """Which of the processes a management command is: what TGADMIN_PROCESS says where a supervisor sets it."""
    return {"gateway": "gateway", "qcluster": "worker"}.get(sys.argv[1] if len(sys.argv) > 1 else "", "")


def has_database() -> bool:
    return bool(value("DATABASE_URL"))


def _owner_url() -> str | None:
    """Of ``up``'s own PostgreSQL, for a ``migrate`` by hand: the running program's role has no tables to change."""
    if "DATABASE_URL" in environ.Env.ENVIRON or sys.argv[1:2] != ["migrate"] or not _running():
        return None
    from tgadmin.local import postgres  # looks at processes: too slow for every start

    return postgres.owner_url(DataDir.at(data_dir())) if runtime.Runtime.read(DataDir.at(data_dir())) else None


def database(process: str) -> dict[str, object]:
    """Django's database settings, for one kind of process (settings.PROCESS).

    ``web`` has psycopg's pool; Django then wants no CONN_MAX_AGE. DATABASE_CONNECTIONS are all of the process's: two of
    them, by which the live pages listen and look, are outside the pool. When all are taken, DATABASE_WAITING requests
    wait, for DATABASE_WAIT_SECONDS at most; others are refused (core/pool.py). What the server ends for the web process
    it ends before a server of ours gives a request up whose client has left (10 s).

    A task of the worker is killed after WORKER_SECONDS; what it asked for ends then too. Commands, migrations among
    them, have no limits, the gateway its own (gateway/database.py).

    Without the address of a PostgreSQL they name none: a system check says so.
    """
    url = _owner_url() or value("DATABASE_URL")
    if not url.startswith(("postgres://", "postgresql://", "pgsql://")):
        return {"ENGINE": "django.db.backends.dummy"}
    config: dict[str, object] = env.db_url_config(url)
    options = dict(config.get("OPTIONS") or {})  # type: ignore[call-overload]
    if process == "web":
        config["OPTIONS"] = _for_web(options)
        # A connection goes back after each call of synchronous code: what is left of an answer must not depend on it.
        config["DISABLE_SERVER_SIDE_CURSORS"] = True
        return config
    if process == "worker":
        config["OPTIONS"] = pooled.limited(options, statement_timeout=WORKER_SECONDS * 1000)
    config["CONN_MAX_AGE"] = 600
    config["CONN_HEALTH_CHECKS"] = True
    return config


def connections() -> int:
    """Of a web process's pool."""
    return max(positive("DATABASE_CONNECTIONS", 20) - 2, 1)


def _for_web(options: dict[str, object]) -> dict[str, object]:
    size = connections()
    pool = {
        "min_size": min(2, size),
        "max_size": size,
        "max_waiting": positive("DATABASE_WAITING", 10),
        "timeout": positive("DATABASE_WAIT_SECONDS", 10),
        "reconnect_timeout": pooled.RECONNECT_SECONDS,
        "connection_class": pooled.Pooled,
    }
    limits = {
        "statement_timeout": positive("DATABASE_STATEMENT_SECONDS", 8) * 1000,
        "lock_timeout": positive("DATABASE_LOCK_SECONDS", 5) * 1000,
        "idle_in_transaction_session_timeout": positive("DATABASE_IDLE_SECONDS", 10) * 1000,
    }
    return {**pooled.limited(options, **limits), "pool": pool}


def network() -> str:
    """Which Telegram this is: an auth key made there is never sent to another.

    Telegram's production, its test environment (a data centre of its own with Telegram's keys), or, by the fingerprint
    of its public key, any other data centre: an address may change, a key does not. A key that cannot be read stops the
    start by a system check.
    """
    if not value("TELEGRAM_DC"):
        return "production"
    path = value("TELEGRAM_DC_PUBLIC_KEY")
    if not path:
        return "test"
    try:
        pem = Path(path).read_bytes()
    except OSError:
        return "unknown"
    return "dc-" + hashlib.sha256(pem.strip()).hexdigest()[:12]
