"""A server of ours with lowered limits, and raw connections to it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.kit.rawsocket import ESTABLISHED
from tests.kit.running import ROOT, unused_port
from tests.kit.waiting import eventually

PATIENCE = 20.0


class Raw:
    """A TCP connection over which a test says what it likes. ``host``: from where it comes."""

    def __init__(self, port: int, host: str = "127.0.0.1", small: bool = False) -> None:
        self.socket = socket.socket()
        if small:  # so that little is on its way unread
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(PATIENCE)
        self.socket.bind((host, 0))
        self.socket.connect(("127.0.0.1", port))
        self._got = b""

    def say(self, data: bytes | str) -> Raw:
        self.socket.sendall(data.encode() if isinstance(data, str) else data)
        return self

    def ask(self, method: str, path: str, *headers: str, body: bytes = b"") -> Raw:
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
        return self.say("\r\n".join(lines).encode("latin-1") + body)

    def rest(self) -> bytes:
        """Everything until the server closes. A connection that was broken off ends like one that was closed."""
        got, self._got = self._got, b""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)  # it reads well from now on
        try:
            while data := self.socket.recv(1 << 16):
                got += data
        except ConnectionResetError:
            pass
        return got

    def answer(self) -> tuple[int, bytes]:
        """Status and body of one answer with a Content-Length."""
        while b"\r\n\r\n" not in self._got:
            self._more()
        head, _, self._got = self._got.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        status = int(lines[0].split()[1])
        size = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length")), 0)
        while len(self._got) < size:
            self._more()
        body, self._got = self._got[:size], self._got[size:]
        return status, body

    def _more(self) -> None:
        data = self.socket.recv(1 << 16)
        assert data, self._got
        self._got += data

    def is_closed(self) -> bool:
        """Whether the server has closed; what it said before is thrown away."""
        self.socket.settimeout(0.005)
        try:
            while self.socket.recv(1 << 16):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        else:
            return True
        finally:
            self.socket.settimeout(PATIENCE)

    def is_alive(self) -> bool:
        """Whether the server still has the connection; nothing is read."""
        state: bytes = self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)
        return state[0] == ESTABLISHED

    def close(self) -> None:
        self.socket.close()


class Running:
    """The server as a process of its own."""

    def __init__(self, log: Path, limits: dict[str, Any], proxies: int) -> None:
        self.port = unused_port()
        self._log = log
        command = [sys.executable, "-m", "tests.web.serve", str(self.port), json.dumps(limits), str(proxies)]
        with log.open("wb") as out:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)
        self._raws: list[Raw] = []
        eventually(self._answers, PATIENCE, "the server answers")

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log()
        try:
            self.seen()
        except OSError:
            return False
        return True

    def raw(self, host: str = "127.0.0.1", small: bool = False) -> Raw:
        self._raws.append(Raw(self.port, host, small))
        return self._raws[-1]

    def ask(self, method: str, path: str, *headers: str, body: bytes = b"") -> tuple[int, bytes]:
        """One request and its answer, on a connection of its own."""
        return self.raw().ask(method, path, *headers, body=body).answer()

    def seen(self) -> dict[str, int]:
        """What the application has counted."""
        raw = Raw(self.port, "127.0.0.9")
        try:
            return dict(json.loads(raw.ask("GET", "/seen", "X-Known: 1", "Connection: close").answer()[1]))
        finally:
            raw.close()

    def until(self, condition: Callable[[dict[str, int]], bool], what: str) -> dict[str, int]:
        """What was counted when the condition holds."""
        found: list[dict[str, int]] = []

        def holds() -> bool:
            found.append(self.seen())
            return condition(found[-1])

        eventually(holds, PATIENCE, what)
        return found[-1]

    def settled(self, name: str) -> int:
        """A count that has not grown for half a second."""
        last, at = -1, time.monotonic()
        while time.monotonic() - at < 0.5:
            now = self.seen().get(name, 0)
            if now != last:
                last, at = now, time.monotonic()
        return last

    @property
    def memory(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def end(self) -> None:
        for raw in self._raws:
            raw.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


Serve = Callable[..., Running]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a server with these limits."""
    started: list[Running] = []

    def start(proxies: int = 0, **limits: Any) -> Running:
        started.append(Running(tmp_path / f"server-{len(started)}.log", limits, proxies))
        return started[-1]

    yield start
    for running in started:
        running.end()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with small bodies, for tests that leave nothing behind."""
    limits = {"body": 1 << 20, "larger_bodies": {"/larger/": 1 << 21}, "header_bytes": 8192, "headers": 20}
    running = Running(tmp_path_factory.mktemp("web") / "server.log", limits, 0)
    yield running
    running.end()
