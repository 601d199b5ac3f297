"""A PostgreSQL and a Valkey of a pytest process: addresses at once, servers only when a test needs them.

Django reads the addresses when it is set up, and so do test modules when they are collected: long before it is known
whether any test of the run needs a server. So the addresses are chosen first, their ports held meanwhile.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import socket
import tempfile
from dataclasses import replace
from pathlib import Path

from tgadmin.local.cluster_dir import find_cluster_dir, note
from tgadmin.local.errors import LocalError
from tgadmin.local.paths import DataDir, write_json
from tgadmin.local.ports import LOOPBACK
from tgadmin.local.postgres import Postgres, owner_url
from tgadmin.local.valkey import Valkey

PORTS = range(20_000, 30_000)
"""Below those that systems give to outgoing connections: nobody takes one by chance while its server starts."""
PORT_TRIES = 100
STATICS = Path(__file__).resolve().parent.parent.parent / ".pytest_cache" / "static"
"""Hashed and compressed static files of all runs and of all processes of a run, made once for each state of them."""


class Servers:
    """What one pytest process uses. DATABASE_URL or REDIS_URL that the run was given are used as they are."""

    def __init__(self) -> None:
        self._base = Path(tempfile.mkdtemp(prefix="tgadmin-tests-"))
        self._base.chmod(0o711)  # under root the servers run as a user of their own, which has to go through here
        self._data = DataDir.at(self._base / "data")
        self._held: dict[str, socket.socket] = {}
        self._password = secrets.token_urlsafe(24)
        self._running: list[Postgres | Valkey] = []
        self._started = False

    def promise(self) -> None:
        """Complete the environment. Nothing runs yet. Raises LocalError where there is no place for the data."""
        self._data.prepare()
        os.environ["DATA_DIR"] = str(self._data.root)
        if not os.environ.get("DATABASE_URL"):
            note(self._data, replace(find_cluster_dir(self._data), port=self._hold("DATABASE_URL")))
            os.environ["DATABASE_URL"] = owner_url(self._data) or ""
        if not os.environ.get("REDIS_URL"):
            port = self._hold("REDIS_URL")
            write_json(self._data.valkey, {"port": port})
            os.environ["REDIS_URL"] = f"redis://:{self._password}@{LOOPBACK}:{port}/0"
        for name in ("SECRET_KEY", "SESSION_ENCRYPTION_KEYS"):
            os.environ.setdefault(name, secrets.token_urlsafe(48))
        os.environ.setdefault("STATIC_DIR", str(STATICS))
        STATICS.mkdir(parents=True, exist_ok=True)  # who only reads what is there must not be warned
        os.environ.setdefault("BACKGROUND_NICENESS", "0")  # the other tests on this machine are no pages
        os.environ.setdefault("TELEGRAM_API_ID", "1")
        os.environ.setdefault("TELEGRAM_API_HASH", secrets.token_hex(16))

    def start(self) -> None:
        """Start what was promised, once. Raises LocalError."""
        if self._started:
            return
        self._started = True
        from tgadmin.statics.collecting import collect  # after Django's set-up, to which this object belongs

        collect()
        if "REDIS_URL" in self._held:
            self._start("REDIS_URL", Valkey(self._data, password=self._password))
        if "DATABASE_URL" in self._held:
            self._start("DATABASE_URL", Postgres(self._data, durable=False))

    def stop(self) -> None:
        """Stop what runs and delete what was written."""
        for held in self._held.values():
            held.close()
        for server in reversed(self._running):
            server.stop()
        shutil.rmtree(self._base, ignore_errors=True)

    def _start(self, name: str, server: Postgres | Valkey) -> None:
        self._running.append(server)
        self._held[name].close()
        if server.start() != os.environ[name]:
            raise LocalError(f"the port that {name} names was taken meanwhile: run the tests again")

    def _hold(self, name: str) -> int:
        """A port that stays free for us: bound, so that no other run of tests chooses it, and not listening."""
        for _ in range(PORT_TRIES):
            held = socket.socket()
            port = random.choice(PORTS)
            try:
                held.bind((LOOPBACK, port))
            except OSError:
                held.close()
                continue
            self._held[name] = held
            return port
        raise LocalError(f"found no free port on {LOOPBACK} in {PORT_TRIES} tries")
