"""Real web processes, as the Procfile starts them, on the tests' database; and sockets to them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from apps.chats.payloads import PROTOCOL
from benchmarks.websocket import Peer
from tests.kit.confirmed import confirmed
from tests.kit.database import database_url
from tests.kit.running import ROOT, unused_port
from tests.kit.waiting import eventually
from tgadmin.local.procfile import read_procfile

START_SECONDS = 60.0
PATIENCE = 20.0


class Web:
    """A process that answers."""

    def __init__(self, log: Path, **environment: str) -> None:
        self.port = unused_port()
        env = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "TGADMIN_PROCESS": "web",
            "DEBUG": "0",
            "PORT": str(self.port),
        }
        with log.open("wb") as out:
            self._process = subprocess.Popen(self.command(env), cwd=ROOT, env=env | environment, stdout=out, stderr=out)
        try:
            eventually(self._answers, START_SECONDS, "the web process answers")
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def command(self, env: Mapping[str, str]) -> list[str]:
        return read_procfile(ROOT / "Procfile", env)["web"]

    def exit_status(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def _answers(self) -> bool:
        assert self._process.poll() is None
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def get(self, path: str, cookie: str = "", accept: str = "text/html") -> tuple[int, dict[str, str], str]:
        """Status, headers, body. Blocks."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers={"Accept": accept})
        if cookie:
            request.add_header("Cookie", cookie)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()

    async def connect(self, cookie: str, page: str = "") -> Socket:
        socket = Socket()
        await asyncio.get_running_loop().create_connection(lambda: socket, "127.0.0.1", self.port)
        host = f"127.0.0.1:{self.port}"
        path = f"/ws/live/?page={page}" if page else "/ws/live/"
        socket.ask(host, path, {"Cookie": cookie, "Origin": f"http://{host}"})
        await asyncio.wait_for(socket.opened, PATIENCE)
        return socket

    async def admitted(self, cookie: str, page: str = "") -> Socket:
        """A socket that was greeted."""
        socket = await self.connect(cookie, page)
        socket.say(type="hello", version=PROTOCOL)
        came = await socket.outcome()
        assert came == "welcome", (came, socket.close_code)
        return socket

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()


class Socket(Peer):
    """One page's end."""

    def __init__(self) -> None:
        super().__init__(lambda _, body: self._frames.put_nowait(json.loads(body)), is_server=False)
        self._frames: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    def say(self, **frame: Any) -> None:
        self.send(json.dumps(frame))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._frames.put_nowait(None)

    async def outcome(self, *types: str) -> str | int:
        """The type of the next frame (of these types), or the code with which the server closed. That it is refused is
        told by the code."""
        while True:
            frame = await asyncio.wait_for(self._frames.get(), PATIENCE)
            if frame is None:
                return self.close_code or 1006
            if frame["type"] in types or (not types and frame["type"] != "refused"):
                return str(frame["type"])


@contextmanager
def webs(folder: Path, count: int = 1, **environment: str) -> Iterator[list[Web]]:
    """That many processes of one installation."""
    started: list[Web] = []
    try:
        for number in range(count):
            started.append(Web(folder / f"web-{number}.log", **environment))  # noqa: PERF401 - each is ended, whatever the next does
        yield started
    finally:
        for web in started:
            web.kill()


def cookie_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    confirmed(client)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
