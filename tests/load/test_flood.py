"""A million anonymous bytes a second on every entry point, while a member of staff works: their pages come, the web
process stays as small as it was meant to be, and nobody has to start anything again.

The short form floods all entry points at once; ``--long`` each by itself for 60 s, then all, and prints the figures
(``pytest tests/load --long -s``). Both come from the browser's own address: the hardest case, as no share helps.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat
from tests.kit import world
from tests.kit.running import ROOT
from tests.kit.waiting import eventually
from tests.kit.web import Web, cookie_of, webs
from tests.load.flood import ENTRY_POINTS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]

P95_SECONDS = 1.0
MEMORY = 200 << 20
SHORT, LONG = 10.0, 60.0
WARM_UP = 3


@dataclass
class Browser:
    """Signed in: asks for one page after the other on a connection that stays, and for all again if it does not."""

    port: int
    cookie: str
    pages: list[str]
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        for page in self.pages * WARM_UP:
            self.look(page)
        self.seconds.clear()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def look(self, page: str) -> None:
        began = time.monotonic()
        for again in (True, False):
            try:
                self._connection.request("GET", page, headers={"Cookie": self.cookie, "Accept": "text/html"})
                answer = self._connection.getresponse()
                answer.read()
                break
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                if not again:
                    self.wrong.append(f"{page}: {type(error).__name__}")
                    return
        self.seconds.append(time.monotonic() - began)
        if answer.status != 200:
            self.wrong.append(f"{page}: {answer.status}")

    def _work(self) -> None:
        while not self._over.is_set():
            for page in self.pages:
                self.look(page)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._connection.close()

    @property
    def p95(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.95)]


class Memory:
    """The most that a process had, looked at ten times a second."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        while not self._over.wait(0.1):
            self.most = max(self.most, self._process.memory_info().rss)

    def close(self) -> None:
        self._over.set()
        self._thread.join()


@dataclass(frozen=True)
class Figures:
    """What a flood did. Bytes a second, pages, seconds, bytes."""

    rate: float
    pages: int
    p95: float
    longest: float
    memory: int
    wrong: list[str]

    def __str__(self) -> str:
        return (
            f"{self.rate / 1e6:.2f} MB/s taken · {self.pages} pages, p95 {self.p95 * 1000:.0f} ms, "
            f"longest {self.longest * 1000:.0f} ms · {self.memory >> 20} MB · {len(self.wrong)} wrong {self.wrong[:3]}"
        )


@pytest.fixture
def chat(transactional_db: None) -> Chat:
    session = world.make_session()
    chat = world.make_chat(session, "Anna Kowalska")
    world.fill(chat, 60)
    return chat


@pytest.fixture
def web(tmp_path: Path, transactional_db: None) -> Iterator[Web]:
    with webs(tmp_path) as (one,):
        yield one


def flooded(web: Web, chat: Chat, names: list[str], seconds: float) -> Figures:
    """``names``: the entry points; none: how it is without a flood."""
    user = User.objects.filter(username="boss").first() or User.objects.create_superuser("boss")
    session = chat.session_id
    pages = [
        f"/chats/{session}/{chat.pk}/",
        f"/chats/{session}/list/",
        f"/chats/{session}/{chat.pk}/history/",
    ]
    browser = Browser(web.port, cookie_of(user), [*pages, "/admin/"])
    memory = Memory(web.pid)
    command = [sys.executable, "-m", "tests.load.flooding", str(web.port), str(seconds), *names]
    try:
        done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True)
    finally:
        browser.close()
        memory.close()
    rate = int(done.stdout) / seconds
    return Figures(rate, len(browser.seconds), browser.p95, max(browser.seconds), memory.most, browser.wrong)


def held(web: Web, figures: Figures) -> None:
    """What is asked for; and that the process is the same one, with nothing left of the flood."""
    assert figures.p95 < P95_SECONDS, figures
    assert figures.memory < MEMORY, figures
    assert not figures.wrong, figures
    assert figures.pages > 20, figures
    eventually(lambda: web.get("/healthz")[0] == 200, 15, "strangers are answered again")


def test_all_entry_points_at_once(web: Web, chat: Chat) -> None:
    sys.stdout.write(f"none: {flooded(web, chat, [], SHORT / 3)}\n")
    figures = flooded(web, chat, list(ENTRY_POINTS), SHORT)
    sys.stdout.write(f"all: {figures}\n")
    held(web, figures)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["none", *ENTRY_POINTS, "all"])
def test_for_a_minute(web: Web, chat: Chat, name: str) -> None:
    names = {"all": list(ENTRY_POINTS), "none": []}.get(name, [name])
    figures = flooded(web, chat, names, LONG)
    sys.stdout.write(f"{name}: {figures}\n")
    held(web, figures)
