"""How long open pages take to be right once web and database are there again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.cluster import Cluster
from tests.chaos.desk import Desk
from tests.chaos.pages import Pages

PAUSE = 0.02
PATIENCE = 30.0


@dataclass(frozen=True)
class CatchUp:
    """One recovery. Seconds after the web process was ready: when we knew what pages have to know, when all of them
    were connected again, and when all were right."""

    kind: str
    asked: float
    connected: float
    right: float

    def __str__(self) -> str:
        return (
            f"{self.kind}: asked {self.asked:.2f}, all connected {self.connected:.2f}, all right {self.right:.2f} s "
            "after web was ready"
        )


class Recovery(threading.Thread):
    """`broken` and `mended` are told by the run. ``found``: from the web process's first readiness after each until
    every page knew what the database knew at that moment. One that the next blow interrupts does not count."""

    def __init__(self, cluster: Cluster, pages: Pages, desk: Desk) -> None:
        super().__init__(daemon=True)
        self.found: list[CatchUp] = []
        self._cluster, self._pages, self._desk = cluster, pages, desk
        self._blows, self._kind = 0, ""
        self._mended = threading.Event()
        self._over = False

    def broken(self, kind: str) -> None:
        self._blows, self._kind = self._blows + 1, kind
        self._mended.clear()

    def mended(self) -> None:
        self._mended.set()

    def stop(self) -> None:
        """What is being measured is measured to its end."""
        self._over = True
        self._mended.set()
        self.join(PATIENCE * 3)

    def run(self) -> None:
        while True:
            self._mended.wait()
            if self._over:
                return
            self._mended.clear()
            if (found := self._measure(self._blows, self._kind)) is not None:
                self.found.append(found)

    def _measure(self, blow: int, kind: str) -> CatchUp | None:
        if not self._wait(self._cluster.web_answers, blow):
            return None
        ready = time.monotonic()
        known = self._desk("heads", chats=[page.chat for page in self._pages.all])
        asked = time.monotonic() - ready

        def right() -> bool:
            return all(page.connected and page.at >= known[str(page.chat)] for page in self._pages.all)

        self._wait(lambda: all(page.connected for page in self._pages.all), blow)
        connected = time.monotonic() - ready
        self._wait(right, blow)
        return CatchUp(kind, asked, connected, time.monotonic() - ready) if self._blows == blow else None

    def _wait(self, condition: Callable[[], bool], blow: int) -> bool:
        """False: interrupted, or in vain."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if self._blows != blow or time.monotonic() > deadline:
                return False
            time.sleep(PAUSE)
        return True
