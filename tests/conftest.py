"""Real servers for the tests: one PostgreSQL and one Valkey per pytest process, started before its first test that
needs them.

Tests that were given DATABASE_URL or REDIS_URL use those. All that a process makes lies in one temporary directory.
A run on several cores (``-n``) has a process of its own for each; the one that hands the tests out starts no servers.
"""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.db import connections
from hypothesis import settings

from tests.kit.servers import Servers
from tgadmin.local.errors import LocalError

TESTS = Path(__file__).resolve().parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_CHROMIUM = (
    "Chromium is missing: install it ('apt-get install chromium fonts-noto-color-emoji fonts-inter fonts-noto-core', "
    "or set CHROMIUM to its path)"
)
EXAMPLES, LONG_EXAMPLES = 25, 500
"""How many examples Hypothesis tries of each property, ordinarily and with ``--long``; how long one takes is free."""
WITHOUT_SERVERS = ("sandbox", "telegram")
"""Folders whose tests use neither, pure or not: what they test knows no Django."""

UNMEASURED = (
    "sandbox", "e2e", "chaos", "benchmarks", "load", "deploy", "upgrade", "js",
    "test_rights_table.py", "test_security_forms.py", "test_security_leaks.py", "test_security_lookups.py",
    "test_security_rights.py", "test_security_http.py",
)  # fmt: skip
"""Files and folders whose tests need not be measured, which makes tests take half as long again: the product runs in
processes of its own there, or they go once more through all that others test one by one."""


def _set_up_django() -> Servers:
    """At import: it reads the conftest files of subdirectories, which may import models, before any hook of ours."""
    servers = Servers()
    try:
        servers.promise()
        os.environ["DJANGO_SETTINGS_MODULE"] = "tgadmin.settings"
        django.setup()
    except BaseException:
        servers.stop()
        raise
    return servers


gc.disable()  # nothing that is imported is garbage: on again once all tests are collected
_given = dict(os.environ)
_servers = _set_up_django()
_promised = set(os.environ)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long forms too")
    parser.addoption("--write-docs", action="store_true", help="tests that make pages of docs/ write them again")


def pytest_configure(config: pytest.Config) -> None:
    settings.register_profile(
        "tgadmin", deadline=None, max_examples=LONG_EXAMPLES if config.getoption("--long") else EXAMPLES
    )
    settings.load_profile("tgadmin")
    if config.getoption("dist", "no") != "no" and "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ.clear()  # runs no test itself; its workers inherit the environment and have servers of their own
        os.environ.update(_given)


def pytest_unconfigure(config: pytest.Config) -> None:
    connections.close_all()
    _servers.stop()


def chromium_path() -> str | None:
    """The browser for the browser tests."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)


def browser_required() -> bool:
    """Whether a missing browser is a failure: on CI, or when told so."""
    return os.environ.get("CI", "").lower() in ("1", "true") or os.environ.get("REQUIRE_BROWSER") == "1"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With ``-m pure`` only files that name the marker are imported: the others take longer than all pure tests."""
    if config.getoption("markexpr") != "pure":
        return None
    if collection_path.suffix not in ("", ".py"):
        return True
    files = collection_path.rglob("test_*.py") if collection_path.is_dir() else [collection_path]
    return None if any("mark.pure" in file.read_text(encoding="utf-8") for file in files) else True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # The longest first: whichever process is done then takes short ones from the other, and none waits for a long one.
    items.sort(key=lambda item: item.get_closest_marker("chaos") is None)
    if not config.getoption("--long"):
        _skip(items, "long", "long form: run with --long")
    if chromium_path() is None and not browser_required():
        _skip(items, "browser", NO_CHROMIUM)
    for item in items:
        if item.path.relative_to(TESTS).parts[0] in UNMEASURED:
            item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
    for name in set(os.environ) - _promised:  # what an imported module set for itself is not for the programs of tests
        if not name.startswith("PYTEST_"):
            del os.environ[name]


def _needs_servers(item: pytest.Item) -> bool:
    folder = item.path.relative_to(TESTS).parts[0]
    return folder not in WITHOUT_SERVERS and not any(map(item.get_closest_marker, ("pure", "source")))


def _skip(items: list[pytest.Item], marker: str, reason: str) -> None:
    for item in items:
        if item.get_closest_marker(marker):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if _needs_servers(item):
        try:
            _servers.start()
        except LocalError as error:
            pytest.exit(f"The tests' servers do not start: {error}", returncode=1)
    if item.get_closest_marker("browser") and chromium_path() is None:
        pytest.fail(NO_CHROMIUM, pytrace=False)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Tests that commit end with a TRUNCATE of all tables, which the audit's refuses: that one trigger is off in the
    tests' own database. Those against changing and deleting stay; tests/staff/test_audit.py tries all."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_stay_all")
    yield
    # A process or a thread that a test has left may hold a connection still: the database could not be dropped.
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; browser tests ask for it."""
    path = chromium_path()
    assert path is not None, NO_CHROMIUM
    return path
