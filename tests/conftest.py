"""Real servers for the tests: one PostgreSQL and one Valkey per pytest process, started before Django reads settings.

Tests that were given DATABASE_URL or REDIS_URL use those. All that a process makes lies in one temporary directory.
A run on several cores (``-n``) has a process of its own for each; the one that hands the tests out starts no servers.
"""

import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tgadmin.local.paths import DataDir
from tgadmin.local.postgres import Postgres
from tgadmin.local.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_CHROMIUM = (
    "Chromium is missing: install it ('apt-get install chromium fonts-noto-color-emoji fonts-inter fonts-noto-core', "
    "or set CHROMIUM to its path)"
)


class Servers:
    """What this pytest run has started."""

    def __init__(self) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="tgadmin-tests-"))
        self.base.chmod(0o711)  # under root the servers run as a user of their own, which has to go through here
        self._running: list[Postgres | Valkey] = []

    def start(self) -> None:
        """Start what the environment does not name, and complete the environment."""
        data = DataDir.at(self.base / "data")
        data.prepare()
        os.environ["DATA_DIR"] = str(data.root)
        if not os.environ.get("DATABASE_URL"):
            postgres = Postgres(data, durable=False)
            self._running.append(postgres)
            os.environ["DATABASE_URL"] = postgres.start()
        if not os.environ.get("REDIS_URL"):
            valkey = Valkey(data)
            self._running.append(valkey)
            os.environ["REDIS_URL"] = valkey.start()
        for name in ("SECRET_KEY", "SESSION_ENCRYPTION_KEYS"):
            os.environ.setdefault(name, secrets.token_urlsafe(48))
        os.environ.setdefault("BACKGROUND_NICENESS", "0")  # the other tests on this machine are no pages
        os.environ.setdefault("TELEGRAM_API_ID", "1")
        os.environ.setdefault("TELEGRAM_API_HASH", secrets.token_hex(16))

    def stop(self) -> None:
        for server in reversed(self._running):
            server.stop()
        shutil.rmtree(self.base, ignore_errors=True)


NOWHERE = {"DATABASE_URL": "postgres://nobody@127.0.0.1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
"""What the process that only hands tests out gets instead of servers; its workers do not inherit it."""


def _only_hands_out() -> bool:
    """Whether this process runs no test itself (pytest-xdist's own answer comes after the first conftest files)."""
    several = any(argument.startswith(("-n", "--numprocesses")) for argument in sys.argv[1:])
    return several and "PYTEST_XDIST_WORKER" not in os.environ


def _start_before_django() -> Servers | None:
    """At import: it reads the conftest files of subdirectories, which may import models, before any hook of ours."""
    if {"-h", "--help", "-V", "--version", "--markers", "--fixtures"} & set(sys.argv):
        return None
    before = dict(os.environ)
    hands_out = _only_hands_out()
    if hands_out:
        os.environ.update({name: url for name, url in NOWHERE.items() if name not in os.environ})
    servers = Servers()
    try:
        servers.start()
    except BaseException:
        servers.stop()
        raise
    os.environ["DJANGO_SETTINGS_MODULE"] = "tgadmin.settings"
    import django

    django.setup()
    if hands_out:
        os.environ.clear()
        os.environ.update(before)
    return servers


sys.path[:0] = [path for path in [str(ROOT)] if path not in sys.path]
_servers = _start_before_django()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long forms too")
    parser.addoption("--write-docs", action="store_true", help="tests that make pages of docs/ write them anew")


def pytest_unconfigure(config: pytest.Config) -> None:
    if _servers is not None:
        from django.db import connections

        connections.close_all()
        _servers.stop()


def chromium_path() -> str | None:
    """The browser for the browser tests."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)


def browser_required() -> bool:
    """Whether a missing browser is a failure: on CI, or when told so."""
    return os.environ.get("CI", "").lower() in ("1", "true") or os.environ.get("REQUIRE_BROWSER") == "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        _skip(items, "long", "long form: run with --long")
    if chromium_path() is None and not browser_required():
        _skip(items, "browser", NO_CHROMIUM)


def _skip(items: list[pytest.Item], marker: str, reason: str) -> None:
    for item in items:
        if item.get_closest_marker(marker):
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and chromium_path() is None:
        pytest.fail(NO_CHROMIUM, pytrace=False)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests that commit end with a TRUNCATE of all tables, which the audit's refuses: that one trigger is off in the
    tests' own database. Those against changing and deleting stay; tests/monitoring/test_audit.py tries all."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_stay_all")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; browser tests ask for it."""
    path = chromium_path()
    assert path is not None, NO_CHROMIUM
    return path
