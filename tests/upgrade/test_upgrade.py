"""An installation of a released version goes on after the update: nothing of it is lost, and everything works."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from tests.kit.database import database_url
from tests.kit.running import ROOT
from tests.upgrade.kept import FOLDER, KEYS, OUR_APPS, counts, restore, versions

GROW = {"auth_permission", "django_content_type", "django_migrations", "django_q_schedule"}
"""What an update adds rows to."""


@pytest.fixture(params=versions(), ids=lambda path: path.name.removesuffix(".sql.gz"))
def kept(request: pytest.FixtureRequest, db: None) -> Iterator[tuple[Path, str]]:
    """A kept database, restored on the tests' server: its file and its URL."""
    server = database_url()
    name = f"kept_{uuid4().hex}"
    parts = urlsplit(server)
    url = urlunsplit(parts._replace(path=f"/{name}"))
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            restore(request.param, url)
            yield request.param, url
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def manage(url: str, *arguments: str) -> str:
    """What a command prints on the kept database."""
    environment = {**os.environ, **KEYS, "DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(300)
def test_an_update_keeps_everything_and_can_be_taken_back(kept: tuple[Path, str]) -> None:
    _, url = kept
    before = counts(url)
    manage(url, "migrate", "--noinput")
    assert_kept(before, counts(url))
    accounts = json.loads(manage(url, "session", "list", "--json"))
    assert [account["name"] for account in accounts] == ["Service", "Harbour"] or len(accounts) >= 2
    assert all(json.loads(manage(url, "chat", "list", str(account["id"]), "--json")) for account in accounts)
    secrets = json.loads(manage(url, "session", "rekey", "--dry-run", "--json"))
    assert secrets["newest"] > 0
    assert (secrets["older"], secrets["unreadable"]) == (0, 0)
    manage(url, "check", "--database", "default")
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute("DELETE FROM audit_entries")
    for label in reversed(OUR_APPS):
        if (ROOT / "apps" / label.removeprefix("tg_") / "migrations/0001_initial.py").exists():
            manage(url, "migrate", "--noinput", label, "0001")
    manage(url, "migrate", "--noinput")
    assert_kept(before, counts(url))


def assert_kept(before: dict[str, int], after: dict[str, int]) -> None:
    lost = {table: rows for table, rows in before.items() if after.get(table, 0) < rows}
    assert lost == {}
    more = {table for table, rows in after.items() if rows > before.get(table, 0)}
    assert more <= GROW | (after.keys() - before.keys())


def test_every_table_of_ours_has_data(kept: tuple[Path, str]) -> None:
    ours = ("telegram_", "chat_", "staff_", "gateway_", "live_", "audit_", "installation")
    assert [table for table, rows in counts(kept[1]).items() if table.startswith(ours) and not rows] == []


def test_there_is_one() -> None:
    assert versions()


def test_what_was_released_is_never_edited() -> None:
    released = json.loads((FOLDER / "released.json").read_text())
    assert released
    edited = [
        path for path, digest in released.items() if hashlib.sha256((ROOT / path).read_bytes()).hexdigest() != digest
    ]
    assert edited == [], "a released migration stays as it is: add another"
