"""A whole tgadmin in one directory, every process at hand: PostgreSQL, Valkey, sandbox, web, several gateways.

Each gateway has an address of its own (127.0.0.11 …), by which the sandbox tells owners apart. What ends is started
again by `tend`; call everything here from the main thread (children die with the thread that started them).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from sandbox.control import ControlClient
from tests.chaos import clocks
from tests.kit.running import ROOT, bare_environment, unused_port
from tgadmin.local.paths import DataDir
from tgadmin.local.ports import LOOPBACK, is_free
from tgadmin.local.postgres import Postgres
from tgadmin.local.processes import Child, stop_children
from tgadmin.local.valkey import Valkey

START_SECONDS = 90.0
FIRST_ADDRESS = 11
DCS = 2
PAUSE = 0.02


class Cluster:
    """Running from `start` to `stop`. ``gateways`` are the names of the gateway processes."""

    telegram = LOOPBACK
    """The data centre's address."""

    def __init__(self, base: Path, gateways: int, seed: int) -> None:
        self.data = DataDir.at(base / "data")
        self.data.prepare()
        self.gateways = [f"gateway-{number}" for number in range(1, gateways + 1)]
        self.port = unused_port()
        self.control: ControlClient
        self.environment: dict[str, str] = {}
        self.restarts: dict[str, int] = {}
        self._seed = seed
        self._postgres = Postgres(self.data)
        self._valkey = Valkey(self.data)
        self._children: dict[str, Child] = {}
        self._pipe, self._our_end = os.pipe()
        self._clocks = clocks.Clocks(self.data.root) if clocks.available() else None

    # --- life

    def start(self) -> None:
        """Everything up, and the web process answering."""
        self._postgres.launch()
        self._valkey.launch()
        dc, control = _ports()
        sandbox = self.data.sandbox
        self.environment = bare_environment(
            DATA_DIR=str(self.data.root),
            DATABASE_URL=self._postgres.ready(),
            REDIS_URL=self._valkey.ready(),
            SECRET_KEY=secrets.token_urlsafe(48),
            SESSION_ENCRYPTION_KEYS=secrets.token_urlsafe(48),
            TELEGRAM_API_ID="1",
            TELEGRAM_API_HASH=secrets.token_hex(16),
            TELEGRAM_DC=f"1@{self.telegram}:{dc}",
            TELEGRAM_DC_PUBLIC_KEY=str(sandbox / "public-key.pem"),
            DJANGO_SUPERUSER_USERNAME="admin",
            DJANGO_SUPERUSER_PASSWORD=secrets.token_urlsafe(16),
            PYTHONUNBUFFERED="1",
        )
        options = {
            "--host": self.telegram, "--port": dc, "--control-port": control, "--dcs": DCS, "--seed": self._seed,
            "--state": sandbox / "world.sqlite", "--codes": self.codes, "--public-key": sandbox / "public-key.pem",
        }  # fmt: skip
        self._servers_are_ready()
        self._launch("sandbox", ["manage.py", "sandbox", *(str(word) for pair in options.items() for word in pair)])
        token = sandbox / "world.sqlite.control-token"
        self._wait("the sandbox", lambda: token.exists() and (sandbox / "public-key.pem").exists())
        self.control = ControlClient(f"http://{self.telegram}:{control}", token.read_text().strip())
        self._prepare()
        web = ["-m", "tgadmin.web", "-b", LOOPBACK, "-p", str(self.port)]
        self._launch("web", web, TGADMIN_PROCESS="web", LIVE_SOCKETS_PER_USER="100")
        for number, name in enumerate(self.gateways):
            own = {"TGADMIN_PROCESS": "gateway", "TELEGRAM_LOCAL_ADDRESS": address(number)}
            if self._clocks is not None:
                own |= self._clocks.environment(name)
            self._launch(name, ["manage.py", "gateway", "--name", name], **own)
        self._wait("the web process", self.web_answers)

    def stop(self) -> None:
        for child in self._children.values():
            child.signal(signal.SIGCONT)
        sandbox = self._children.pop("sandbox", None)
        for children in ([*self._children.values()], [sandbox] if sandbox else []):
            stop_children(children, lambda: False)
        self._valkey.stop()
        self._postgres.stop()
        os.close(self._pipe)
        os.close(self._our_end)

    def tend(self) -> None:
        """Start again what has ended."""
        for name, child in self._children.items():
            if child.exit_status() is not None:
                self.restarts[name] = self.restarts.get(name, 0) + 1
                child.start()

    @property
    def codes(self) -> Path:
        return self.data.sandbox / "codes.jsonl"

    @property
    def has_clocks(self) -> bool:
        return self._clocks is not None

    def web_answers(self) -> bool:
        """Whether the web process is ready to serve."""
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://{LOOPBACK}:{self.port}/readyz", timeout=5) as answer,
        ):
            return bool(answer.status == 200)
        return False

    def logs(self, lines: int = 12) -> str:
        """The end of each log."""
        found = sorted(self.data.logs.glob("*.log"))
        return "\n".join(f"== {log.name}\n" + "\n".join(_last(log, lines)) for log in found)

    # --- blows

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send it; the process's pid."""
        child = self._children[name]
        assert child.pid is not None
        child.signal(number)
        return child.pid

    def stop_postgres(self, *, crash: bool) -> None:
        """End the database server: in order (fast), or at once as after a crash."""
        pid = self._postgres.pid
        assert pid is not None
        os.kill(pid, signal.SIGQUIT if crash else signal.SIGINT)
        self._wait("PostgreSQL's end", lambda: self._postgres.exit_status() is not None)

    def start_postgres(self) -> None:
        before = self._postgres.url
        self._postgres.start()
        assert self._postgres.url == before, "PostgreSQL came back under another address"

    def empty_valkey(self) -> None:
        """Kill Valkey, and start an empty one at the same address."""
        pid, before = self._valkey.pid, self._valkey.url
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self._wait("Valkey's end", lambda: self._valkey.exit_status() is not None)
        self._valkey.start()
        assert self._valkey.url == before, "Valkey came back under another address"

    def set_clock(self, name: str, seconds: float) -> None:
        """The process's wall clock is off by so much from now on; its monotonic clocks go on."""
        assert self._clocks is not None
        self._clocks.set(name, seconds)

    # --- inside

    def _prepare(self) -> None:
        child = self._child("prepare", ["manage.py", "prepare", "--json"])
        child.start()
        assert child.wait() == 0, "\n".join(child.last_lines())

    def _launch(self, name: str, command: list[str], **own: str) -> None:
        self._children[name] = child = self._child(name, command, **own)
        child.start()

    def _child(self, name: str, command: list[str], **own: str) -> Child:
        environment = {**self.environment, **own}
        return Child(name, [self._python(name), *command], environment, self.data.log(name), ROOT, self._pipe)

    def _servers_are_ready(self) -> None:
        """PostgreSQL and Valkey answer."""

    def _python(self, name: str) -> str:
        """The program that runs the process of that name."""
        return sys.executable

    def _wait(self, what: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}\n{self.logs()}"
            time.sleep(PAUSE)


def address(number: int) -> str:
    """Where the gateway of that number, from 0, connects from."""
    return f"127.0.0.{FIRST_ADDRESS + number}"


def _ports() -> tuple[int, int]:
    """Of DC 1, with those of the other data centres free above it, and of the control API."""
    while True:
        dc, control = unused_port(), unused_port()
        ours = range(dc, dc + DCS)
        if control not in ours and all(port < 65536 and is_free(port) for port in ours):
            return dc, control


def _last(log: Path, lines: int) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-lines:]
