"""An installation of a released version goes on after the update: nothing of it is lost, and everything works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from tests.kit.database import database_url
from tests.kit.running import ROOT
from tests.upgrade import kept
from tgadmin import __version__

GROW = {"auth_permission", "django_content_type", "django_migrations", "django_q_schedule"}
"""What an update adds rows to."""
CHANGED_ON_PURPOSE: dict[str, set[str]] = {"telegram_chats": {"muted_until"}}
"""Columns, by table, whose content a later migration changes. Say in the migration why."""


@pytest.fixture(params=kept.versions())
def installation(request: pytest.FixtureRequest, db: None) -> Iterator[tuple[str, str]]:
    """A released version and the URL of its database, restored on the tests' server."""
    server = urlsplit(database_url())
    name = f"kept_{uuid4().hex}"
    with psycopg.connect(urlunsplit(server._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            url = urlunsplit(server._replace(path=f"/{name}"))
            kept.restore(request.param, url)
            yield request.param, url
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def manage(url: str, *arguments: str) -> str:
    """What a command prints on the kept database."""
    environment = {**os.environ, **kept.KEYS, "DATABASE_URL": url}
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


def secrets(url: str) -> dict[str, int]:
    """How many stored secrets lie under the newest key, under an older one, under none."""
    found: dict[str, int] = json.loads(manage(url, "session", "rekey", "--dry-run", "--json"))
    return found


def compared(released: dict[str, list[str]]) -> dict[str, list[str]]:
    """Whatever must be the same afterwards: all that was there, but what grows and what is changed on purpose."""
    return {
        table: [name for name in names if name not in CHANGED_ON_PURPOSE.get(table, ())]
        for table, names in released.items()
        if table not in GROW
    }


@pytest.mark.timeout(300)
def test_an_update_keeps_everything_and_can_be_taken_back(installation: tuple[str, str]) -> None:
    version, url = installation
    columns = compared(kept.columns(url))
    before = kept.contents(url, columns)
    manage(url, "migrate", "--noinput")
    assert kept.contents(url, columns) == before
    assert_it_works(url, before)
    for folder, last in kept.last_migrations(version).items():
        label = "tg_sessions" if folder == "sessions" else folder
        manage(url, "migrate", "--noinput", label, last)
    assert kept.contents(url, columns) == before
    manage(url, "migrate", "--noinput")
    assert kept.contents(url, columns) == before


def assert_it_works(url: str, before: kept.Contents) -> None:
    """Every secret can be read, accounts and chats are shown, the audit is protected, the system checks are content."""
    found = secrets(url)
    stored = sum(rows for table, (rows, _) in before.items() if table.endswith("_secrets"))
    assert found["newest"] >= stored > 0
    assert (found["older"], found["unreadable"]) == (0, 0)
    accounts = json.loads(manage(url, "session", "list", "--json"))
    assert len(accounts) == before["telegram_sessions"][0]
    chats = sum(len(json.loads(manage(url, "chat", "list", str(one["id"]), "--json"))) for one in accounts)
    assert chats == before["telegram_chats"][0]
    manage(url, "check", "--database", "default")
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute("DELETE FROM audit_entries")


def test_every_table_of_ours_has_data(installation: tuple[str, str]) -> None:
    columns = {table: names for table, names in kept.columns(installation[1]).items() if table.startswith(kept.OURS)}
    assert len(columns) > 20
    assert [table for table, (rows, _) in kept.contents(installation[1], columns).items() if not rows] == []


def test_the_comparison_sees_what_is_lost(installation: tuple[str, str]) -> None:
    _, url = installation
    columns = {"telegram_messages": ["id", "text"]}
    before = kept.contents(url, columns)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "UPDATE telegram_messages SET text = 'lost' WHERE id = (SELECT max(id) FROM telegram_messages)"
        )
    after = kept.contents(url, columns)
    assert after["telegram_messages"][0] == before["telegram_messages"][0]
    assert after != before


@pytest.mark.pure
def test_every_release_is_kept() -> None:
    assert kept.versions()
    assert "dev" in __version__ or __version__ in kept.versions()


@pytest.mark.pure
@pytest.mark.parametrize("version", kept.versions())
def test_what_was_released_is_never_edited(version: str) -> None:
    edited = [path for path, digest in kept.released(version).items() if kept.digest(ROOT / path) != digest]
    assert edited == [], "a released migration stays as it is: add another"
