"""A web process on plain daphne with tests/database/stage.py; locks that it waits for; clients that leave."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from apps.chats.live.wakes import parameters
from tests.kit.waiting import eventually
from tests.kit.web import Web

SIZE = 4
PATIENT = {"DATABASE_STATEMENT_SECONDS": "120", "DATABASE_LOCK_SECONDS": "120", "DATABASE_IDLE_SECONDS": "120"}
"""The database ends nothing: what comes back comes back by itself."""


class Stage(Web):
    application = "tests.database.stage:application"

    def command(self, env: Mapping[str, str]) -> list[str]:
        return [sys.executable, "-m", "daphne", "-v", "0", "-p", env["PORT"], self.application]

    def ask(self, deed: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.get(f"/stage/{deed}")[2])
        return found

    def is_whole(self) -> bool:
        """Whether every connection of the pool is free and nobody waits."""
        now = self.ask("count")
        return bool(now["pool_available"] == now["pool_size"] >= 1 and not now["requests_waiting"])

    def client(self, address: str, *headers: str) -> socket.socket:
        """A client that has asked, and may leave."""
        made = socket.create_connection(("127.0.0.1", self.port), 20)
        lines = [f"GET {address} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *headers, "", ""]
        made.sendall("\r\n".join(lines).encode())
        return made

    def upgrading(self, cookie: str) -> socket.socket:
        """A client that asks for a socket."""
        origin, key = f"Origin: http://127.0.0.1:{self.port}", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        asks = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
        return self.client("/ws/live/", *asks, key, origin, f"Cookie: {cookie}")


class Plain(Stage):
    """The product itself on plain daphne."""

    application = "tgadmin.asgi:application"


@contextmanager
def running(kind: type[Stage], folder: Path, **environment: str) -> Iterator[Stage]:
    pool = {"DATABASE_CONNECTIONS": str(SIZE + 2), "DATABASE_WAITING": "10", "DATABASE_WAIT_SECONDS": "20"}
    pool["STAGE_HASHES"] = str(folder / "hashes")
    stage = kind(folder / "stage.log", **pool | environment)
    try:
        yield stage
    finally:
        stage.kill()


class Gate:
    """The way to a server, on a port of its own: while it is shut, nobody listens there, and nobody is connected."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._pairs: list[socket.socket] = []
        self._lock = threading.Lock()
        self.port = 0
        self.open()

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        with self._lock:
            for one in (self._listener, *self._pairs):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self._pairs.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                here, _ = listener.accept()
                there = socket.create_connection(self._there)
                with self._lock:
                    self._pairs += (here, there)
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()


class Lock:
    """An advisory lock, or a table's, that others wait for until it is given back."""

    def __init__(self, number: int = 4711, table: str = "") -> None:
        self.number = number
        self._conn = psycopg.connect(**parameters())
        # Apart: within a transaction PostgreSQL shows no process that began after the first look.
        self._looking = psycopg.connect(**parameters(), autocommit=True)
        if table:
            name = psycopg.sql.Identifier(table)
            self._conn.execute(psycopg.sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(name))
        else:
            self._conn.execute("SELECT pg_advisory_xact_lock(%s)", [number])

    def waiting(self) -> int:
        """How many of this database wait for any lock."""
        row = self._looking.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def until_waiting(self, count: int = 1) -> None:
        eventually(lambda: self.waiting() >= count, 40, f"{count} wait for the lock")

    def give_back(self) -> None:
        self._conn.close()

    def close(self) -> None:
        self.give_back()
        self._looking.close()

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
