"""The database stands still, people lose their patience: plain daphne kills what they asked for, again and again, and
afterwards the process has all its connections; with the limits that are set, nobody waits for so long."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth.models import User

from apps.chats.live.wakes import parameters
from tests.database.kit import PATIENT, SIZE, Lock, Plain, running
from tests.kit.waiting import eventually
from tests.kit.web import Web, cookie_of

pytestmark = pytest.mark.django_db(transaction=True)

KILLED = "took too long to shut down and was killed"
"""What daphne says of a request whose client left more than ten seconds ago."""


def connections_of(web: Web, cookie: str) -> int:
    """How many requests get a connection at once: they wait at PostgreSQL for a table, others wait for them."""
    with ThreadPoolExecutor(SIZE + 4) as threads, Lock(table="staff_logins") as lock:
        for _ in range(SIZE + 4):
            threads.submit(web.get, "/chats/", cookie)
        lock.until_waiting(SIZE)
        found = lock.waiting()
        lock.give_back()
    return found


def test_a_process_has_all_its_connections_after_stalls(tmp_path: Path, transactional_db: None) -> None:
    cookie = cookie_of(User.objects.create_user("anna", is_staff=True))
    with running(Plain, tmp_path, **PATIENT) as web:
        log, killed = tmp_path / "stage.log", 0
        for _ in range(2):
            with Lock(table="staff_logins") as lock:
                clients = [web.client("/chats/", f"Cookie: {cookie}") for _ in range(22)]
                lock.until_waiting(SIZE)
                for client in clients:
                    client.close()
                eventually(lambda: log.read_text().count(KILLED) > killed + SIZE, 40, "daphne kills them")  # noqa: B023
                killed = log.read_text().count(KILLED)
            # Who still waits for a connection may fill the queue for another moment.
            eventually(lambda: web.get("/chats/", cookie)[0] == 200, 20, "pages come again")
            assert connections_of(web, cookie) == SIZE
        status, _, body = web.get("/readyz")
        assert (status, json.loads(body)["reasons"]) == (200, [])


def test_nobody_waits_long_for_a_lock_or_a_statement(tmp_path: Path, transactional_db: None) -> None:
    """Lists that search, pages whose table is locked: a sentence, 503, when to try again, one line in the log."""
    cookie = cookie_of(User.objects.create_superuser("root"))
    limits = {"DATABASE_STATEMENT_SECONDS": "2", "DATABASE_LOCK_SECONDS": "1"}
    with running(Plain, tmp_path, **limits) as web, psycopg.connect(**parameters(), autocommit=True) as conn:
        with Lock(table="auth_group"):
            status, headers, body = web.get("/admin/auth/group/", cookie)
            assert (status, headers["Retry-After"]) == (503, "5")
            assert "<h1>In use just now</h1>" in body
            status, headers, body = web.get("/admin/auth/group/", cookie, accept="application/json")
            assert (status, json.loads(body)["code"]) == (503, "IN_USE")
        with slow(conn, "auth_group", "name"):
            for address in ("/admin/auth/group/", "/admin/auth/group/?q=x"):
                status, headers, body = web.get(address, cookie)
                assert (status, headers["Retry-After"]) == (503, "10"), address
                assert "<h1>This takes too long</h1>" in body
        assert web.get("/admin/auth/group/", cookie)[0] == 200
        said = (tmp_path / "stage.log").read_text()
        assert "Traceback" not in said
        assert said.count("Service Unavailable") == 4


class slow:  # noqa: N801  reads as a context
    """A table whose every row takes minutes to read."""

    def __init__(self, conn: psycopg.Connection[object], table: str, column: str) -> None:
        self._conn, self._table, self._column = conn, table, column

    def __enter__(self) -> None:
        self._conn.execute(f"ALTER TABLE {self._table} RENAME TO {self._table}_kept")  # type: ignore[arg-type]
        self._conn.execute(  # type: ignore[call-overload]
            f"CREATE VIEW {self._table} AS SELECT id, {self._column} FROM {self._table}_kept "
            "UNION ALL SELECT 0, 'x' FROM (SELECT pg_sleep(300) IS NULL) AS long"
        )

    def __exit__(self, *_: object) -> None:
        self._conn.execute(f"DROP VIEW {self._table}")  # type: ignore[arg-type]
        self._conn.execute(f"ALTER TABLE {self._table}_kept RENAME TO {self._table}")  # type: ignore[arg-type]
