"""The stage of a run: servers, data centre, database and processes of its own in one temporary directory, all on
loopback and all gone afterwards."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from benchmarks.lines import ROOT, Helper
from tgadmin.local.paths import DataDir
from tgadmin.local.postgres import Postgres
from tgadmin.local.spawn import spawn
from tgadmin.local.valkey import Valkey

if TYPE_CHECKING:
    from apps.sessions.models import Session

START_SECONDS = 60.0
STOP_SECONDS = 30.0
CLEARED = ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "TGADMIN_DEMO_FILE", "TGADMIN_PROCESS", "ALLOWED_HOSTS", "DEBUG")


class Process:
    """One of the product's programs, as ``up`` runs it."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self._process = spawn([sys.executable, *command], environment=environment, log=log, cwd=ROOT)

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> float:
        """SIGTERM and wait; seconds until it was gone."""
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        return time.monotonic() - began

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None


class Stage:
    """Use as a context manager; then Django is set up in this process too."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._base = Path(tempfile.mkdtemp(prefix="tgadmin-benchmark-"))
        self._base.chmod(0o711)  # under root the servers run as a user of their own, which has to go through here
        self._data = DataDir.at(self._base / "data")
        self._exit = contextlib.ExitStack()
        self.environment: dict[str, str] = {}
        self.network: dict[str, Any] = {}
        self._names = 0
        self.pids: dict[str, int] = {"client": os.getpid()}
        """What runs now, for who asks where the processor's time goes."""

    def __enter__(self) -> Stage:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()
        shutil.rmtree(self._base, ignore_errors=True)

    def _start(self) -> None:
        self._data.prepare()
        postgres, valkey = Postgres(self._data), Valkey(self._data)
        self._exit.callback(postgres.stop)
        self._exit.callback(valkey.stop)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TELEGRAM_")}
        for name in CLEARED:
            inherited.pop(name, None)
        self.environment = {
            **inherited,
            "DATA_DIR": str(self._data.root),
            "DATABASE_URL": postgres.start(),
            "REDIS_URL": valkey.start(),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "SESSION_ENCRYPTION_KEYS": secrets.token_urlsafe(48),
            "LOG_LEVEL": "WARNING",
            "PYTHONUNBUFFERED": "1",
        }
        self.pids |= {name: pid for name, pid in (("PostgreSQL", postgres.pid), ("Valkey", valkey.pid)) if pid}
        self.centre = self.helper("benchmarks.centre")
        self.pids["data centre"] = self.centre.process.pid
        self.network = self.centre("start", folder=str(self._data.sandbox))
        host, port = self.network["host"], self.network["port"]
        self.environment |= {
            "TELEGRAM_API_ID": "1",
            "TELEGRAM_API_HASH": "0" * 32,
            "TELEGRAM_DC": f"1@{host}:{port}",
            "TELEGRAM_DC_PUBLIC_KEY": self.network["public_key"],
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=self.environment, check=True)
        self._set_up_django()

    def _set_up_django(self) -> None:
        os.environ.update(self.environment, DJANGO_SETTINGS_MODULE="tgadmin.settings")
        import django
        from django.db import connections

        django.setup()
        self._exit.callback(connections.close_all)

    # --- processes ---------------------------------------------------------------------------------------------

    def helper(self, module: str) -> Helper:
        """One of our own children, ended with the stage at the latest."""
        helper = Helper(module, self.environment or dict(os.environ), self.log(module.rpartition(".")[2]))
        self._exit.callback(helper.close)
        return helper

    @contextlib.contextmanager
    def bare(self) -> Iterator[Helper]:
        """What one would write instead."""
        helper = self.helper("benchmarks.bare")
        try:
            with self._running("bare client", helper.process.pid):
                yield helper
        finally:
            helper.close()

    @contextlib.contextmanager
    def _running(self, name: str, pid: int) -> Iterator[None]:
        self.pids[name] = pid
        try:
            yield
        finally:
            self.pids.pop(name, None)

    def log(self, name: str) -> Path:
        return self._data.log(name)

    @contextlib.contextmanager
    def gateway(self, capacity: int = 2000) -> Iterator[Process]:
        """A gateway that beats already; its node is named by ``Process.name``."""
        self._names += 1
        name = f"gateway-{self._names}"
        command = ["manage.py", "gateway", "--capacity", str(capacity), "--name", name]
        process = Process(name, command, {**self.environment, "TGADMIN_PROCESS": "gateway"}, self.log("gateway"))
        try:
            self.wait(lambda: self.nodes().get(name, 0) > 0, START_SECONDS, f"{name} beats", process)
            with self._running("gateway", process.pid):
                yield process
        finally:
            if process.is_running:
                process.stop()

    @contextlib.contextmanager
    def web(self) -> Iterator[tuple[Process, int]]:
        """A web process that answers, and its port."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = int(probe.getsockname()[1])
        command = ["-m", "tgadmin.web", "-b", "127.0.0.1", "-p", str(port)]
        limits = ("LIVE_SOCKETS_PER_USER", "LIVE_SOCKETS", "LIVE_SOCKETS_PER_MINUTE", "WEB_CONNECTIONS_PER_ADDRESS")
        many = {**dict.fromkeys(limits, "10000"), "WEB_CONNECTIONS": "10000"}
        process = Process("web", command, {**self.environment, **many, "TGADMIN_PROCESS": "web"}, self.log("web"))
        try:
            self.wait(lambda: _answers(port), START_SECONDS, "the web process answers", process)
            with self._running("web", process.pid):
                yield process, port
        finally:
            if process.is_running:
                process.stop()

    def wait(self, condition: Callable[[], Any], seconds: float, what: str, process: Process | None = None) -> None:
        """Until the condition holds; RuntimeError with the end of the log otherwise."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or (process is not None and not process.is_running):
                log = self.log(process.name.partition("-")[0] if process else "gateway")
                end = log.read_text(errors="replace")[-2000:] if log.exists() else ""
                raise RuntimeError(f"not within {seconds:.0f} s: {what}\n{end}")
            time.sleep(0.02)

    # --- the database ------------------------------------------------------------------------------------------

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of one's own, for watching."""
        return psycopg.connect(self.environment["DATABASE_URL"], autocommit=True)

    def nodes(self) -> dict[str, int]:
        """Beats of the gateways by their names."""
        from apps.commands.models import Node

        return dict(Node.objects.values_list("name", "beat"))

    def accounts(self, count: int, *, friends: int, enabled: bool = True) -> list[dict[str, Any]]:
        """New accounts at the data centre, signed in here: each as the centre gives it, and its ``session`` row."""
        accounts: list[dict[str, Any]] = self.centre("accounts", count=count, friends=friends)
        for account in accounts:
            account["session"] = self._sign_in(account, enabled)
        return accounts

    def bare_accounts(self, count: int, *, friends: int) -> list[dict[str, Any]]:
        """New accounts at the data centre that only the bare client knows."""
        found: list[dict[str, Any]] = self.centre("accounts", count=count, friends=friends)
        return found

    def _sign_in(self, account: dict[str, Any], enabled: bool) -> Session:
        """The rows that a finished sign-in leaves (apps/signin/services)."""
        from django.conf import settings
        from django.db import transaction

        from apps.chats.models import Peer
        from apps.sessions.models import Authorization, AuthorizationSecret, Session, SessionStatus, UpdateState

        user, phone = account["user_id"], account["phone"]
        key = {"dc_id": 1, "server_address": self.network["host"], "port": self.network["port"]}
        key["auth_key"] = account["auth_key"]
        pts, qts, date, seq = account["state"]
        with transaction.atomic():
            session = Session.objects.create(
                name=f"Account {phone[-4:]}", network=settings.TELEGRAM_NETWORK, telegram_user_id=user, phone=phone,
                dc_id=1, enabled=enabled, status=SessionStatus.DISCONNECTED,
            )  # fmt: skip
            authorization = Authorization.objects.create(session=session, key_id=account["key_id"], dc_id=1)
            AuthorizationSecret.objects.create(authorization=authorization, secret=key)
            UpdateState.objects.create(session=session, pts=pts, qts=qts, date=date, seq=seq)
            Peer.objects.create(session=session, peer_id=user, kind="user", name=session.name, is_self=True)
        return session

    def enable(self, accounts: list[dict[str, Any]], enabled: bool = True) -> None:
        """Let these accounts be connected, or not, and tell the gateways."""
        from django.db import transaction

        from apps.common.notify import SESSIONS, notify
        from apps.sessions.models import Session

        ids = [account["session"].pk for account in accounts]
        with transaction.atomic():
            Session.objects.filter(pk__in=ids).update(enabled=enabled)
            notify(SESSIONS, ids[0])

    def forget(self, accounts: list[dict[str, Any]]) -> None:
        """Disable these accounts, so that no later gateway connects them."""
        self.enable(accounts, False)

    def wait_ready(self, accounts: list[dict[str, Any]], seconds: float = 120) -> None:
        """Until all of them are connected and caught up."""
        ids = [account["session"].pk for account in accounts]
        self.wait(lambda: len(self.ready(ids)) == len(ids), seconds, f"{len(ids)} accounts are ready")

    def ready(self, ids: list[int]) -> set[int]:
        from apps.sessions.models import Session, SessionStatus

        return set(Session.objects.filter(pk__in=ids, status=SessionStatus.READY).values_list("pk", flat=True))


def _answers(port: int) -> bool:
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer,
    ):
        return bool(answer.status == 200)
    return False
