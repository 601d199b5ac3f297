"""`manage.py monitor check` and `new-epoch`: a released installation's database, restored on the tests' server beside
its original; and what only a state of our own shows."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection

from apps.chats.models import Installation
from apps.commands.models import Command
from apps.monitoring import copies
from apps.sessions.models import AuthorizationSecret, Session
from tests.kit.database import database_url
from tests.kit.running import ROOT
from tests.monitoring.test_monitor import account, node
from tests.upgrade import kept

NETWORK = "production"
"""The one that a command without TELEGRAM_DC is about."""


# --- a restored copy, and its original --------------------------------------------------------------------------------


def on_server(name: str) -> str:
    return urlunsplit(urlsplit(database_url())._replace(path=f"/{name}"))


@contextmanager
def database(template: str = "template1") -> Iterator[str]:
    name = f"copy_{uuid4().hex}"
    with psycopg.connect(on_server("postgres"), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield name
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def manage(url: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **kept.KEYS, "DATABASE_URL": url, **environment}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def checked(url: str, **environment: str) -> tuple[int, dict[str, Any], set[str]]:
    """Exit status, what it printed, the findings' codes."""
    done = manage(url, "monitor", "check", "--json", **environment)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert (done.returncode == 0) is found["sound"]
    return done.returncode, found, {finding["code"] for finding in found["findings"]}


@pytest.mark.timeout(300)
def test_a_restored_release(db: None) -> None:
    with database() as original:
        kept.restore(kept.versions()[0], on_server(original))
        status, found, codes = checked(on_server(original))
        assert (status, codes, found["secrets"]) == (1, {"MIGRATIONS_MISSING"}, None)
        assert found["rows"]["telegram_messages"] > 0

        static = {"STATIC_DIR": os.environ["STATIC_DIR"]}
        assert manage(on_server(original), "prepare", **static).returncode == 0
        with psycopg.connect(on_server(original)) as there:
            there.execute("UPDATE telegram_sessions SET network = %s, enabled = true", [NETWORK])
        with database(original) as copy:
            _copy_without_original(on_server(copy))
            _copy_beside_original(on_server(copy), on_server(original))
            _keys_lost_for_good(on_server(copy))


def _copy_without_original(url: str) -> None:
    status, found, codes = checked(url)
    assert (status, found["secrets"]["unreadable"]) == (0, 0)
    assert found["secrets"]["total"] > 0
    assert found["accounts"] > 0
    assert {"WOULD_CONNECT", "EPOCH_KEPT"} <= codes
    status, found, codes = checked(url, SESSION_ENCRYPTION_KEYS="x" * 40)
    assert (status, "KEYS_MISSING" in codes) == (1, True)
    assert found["secrets"]["unreadable"] == found["secrets"]["total"]
    # What nobody gave out before: neither the keys nor the address, with its password.
    said = manage(url, "monitor", "check", ORIGINAL_DATABASE_URL="postgresql://u:hidden@127.0.0.1:1/x")
    assert (said.returncode, "hidden" in said.stderr + said.stdout) == (1, False)
    assert "ORIGINAL_DATABASE_URL: that database does not answer" in said.stderr
    wrong = manage(url, "monitor", "check", ORIGINAL_DATABASE_URL=on_server("postgres"))
    assert (wrong.returncode, "none of tgadmin's" in wrong.stderr) == (1, True)


def _copy_beside_original(url: str, original: str) -> None:
    status, found, codes = checked(url, ORIGINAL_DATABASE_URL=original)
    expected = {"same_database": False, "same_epoch": True, "gateways": [], "shared": 0}
    assert (status, found["original"]) == (0, expected)
    assert "WOULD_CONNECT" not in codes
    with psycopg.connect(original) as there:
        there.execute(
            "INSERT INTO gateway_nodes"
            " (id, name, network, host, boot_id, pid, pid_started, version, capacity, beat, beat_at, started_at)"
            " VALUES (%s, 'first', %s, 'h', '', 1, 1, 'v', 9, 1, now() + interval '1 hour', now())",
            [uuid4(), NETWORK],
        )
    assert manage(url, "monitor", "new-epoch").returncode == 0
    status, found, codes = checked(url, ORIGINAL_DATABASE_URL=original)
    assert (status, "CONNECTED_TWICE" in codes, "EPOCH_KEPT" in codes) == (1, True, False)
    assert found["original"] == {
        "same_database": False, "same_epoch": False, "gateways": ["first"], "shared": found["accounts"],
    }  # fmt: skip
    status, _, codes = checked(original, ORIGINAL_DATABASE_URL=original)
    assert (status, "SAME_DATABASE" in codes, "EPOCH_KEPT" in codes) == (1, True, False)


def _keys_lost_for_good(url: str) -> None:
    """The way on runs though the check of stored secrets fails: it is what it is for."""
    other = {"SESSION_ENCRYPTION_KEYS": "x" * 40}
    counted = manage(url, "session", "rekey", "--dry-run", "--json", **other)
    assert (counted.stderr, json.loads(counted.stdout)["unreadable"] > 0) == ("", True)
    assert manage(url, "session", "rekey", "--erase-unreadable", **other).returncode == 0
    status, found, _ = checked(url, **other)
    assert (status, found["secrets"]["unreadable"], found["accounts"]) == (0, 0, 0)


# --- a state of our own -----------------------------------------------------------------------------------------------


@pytest.fixture
def ours(db: None, settings: Any) -> Session:
    settings.TELEGRAM_NETWORK = "monitor-test"
    return account(1, None)


def codes_of(copy: copies.Copy) -> set[str]:
    return {finding.code for finding in copy.findings}


def test_nothing_is_written(ours: Session) -> None:
    Installation.objects.all().delete()
    found = copies.check()
    assert found.is_sound
    assert (found.epoch, Installation.objects.exists()) == ("", False)


def test_what_a_gateway_would_do(ours: Session) -> None:
    for kind, state in (("send", "queued"), ("send", "claimed"), ("read", "queued"), ("send", "done")):
        Command.objects.create(session=ours, kind=kind, lane="chat:1", state=state)
    account(2, None)
    Session.objects.filter(telegram_user_id=2).update(enabled=False)
    found = copies.check()
    assert (found.accounts, found.waiting) == (1, {"read": 1, "send": 2})
    assert {"WOULD_CONNECT", "MESSAGES_WAIT", "EPOCH_KEPT"} == codes_of(found)
    assert found.rows["telegram_commands"] == 4


def test_a_gateway_at_work_is_named(ours: Session) -> None:
    node("silent", "1", silent=True)
    node("busy", "1")
    found = copies.check()
    assert (found.gateways, "GATEWAYS_HERE" in codes_of(found)) == (("busy",), True)
    assert found.is_sound


def test_a_secret_in_another_row_is_a_fault(ours: Session) -> None:
    account(2, None)
    rows = AuthorizationSecret.objects.order_by("pk")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE telegram_authorization_secrets SET secret ="
            " (SELECT secret FROM telegram_authorization_secrets WHERE authorization_id = %s)",
            [rows[0].pk],
        )
    found = copies.check()
    assert (codes_of(found) & {"SECRETS_MOVED", "KEYS_MISSING"}, found.is_sound) == ({"SECRETS_MOVED"}, False)


def test_a_database_of_a_newer_version_is_a_fault(ours: Session) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('tg_sessions', '9999_next', now())")
    found = copies.check()
    assert (found.unknown_migrations, found.is_sound) == (("tg_sessions.9999_next",), False)


def test_a_new_epoch(db: None) -> None:
    before = Installation.objects.get_or_create(pk=1)[0].epoch
    out = io.StringIO()
    call_command("monitor", "new-epoch", "--json", stdout=out)
    assert json.loads(out.getvalue())["epoch"] == str(Installation.objects.get().epoch) != str(before)


def test_people_read_it(ours: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create_user("anna")
    out = io.StringIO()
    call_command("monitor", "check", stdout=out)
    shown = out.getvalue()
    assert "auth_user 1" in shown
    assert "Stored secrets that SESSION_ENCRYPTION_KEYS decrypts: 1 of 1." in shown
    assert "NOTE Accounts that a gateway connects when it starts on this copy: 1." in shown
    assert shown.rstrip().endswith("The copy can be used.")
    monkeypatch.setenv("ORIGINAL_DATABASE_URL", "no address")
    with pytest.raises(CommandError, match="does not answer"):
        call_command("monitor", "check", stdout=io.StringIO())
