"""How long open pages take to be right once web and database are there again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tests.chaos.cluster import Cluster
from tests.chaos.desk import Desk
from tests.chaos.pages import Pages

PAUSE = 0.02
PATIENCE = 30.0


class Recovery(threading.Thread):
    """`broken` and `mended` are told by the run. ``seconds``: from the web process's first readiness after each until
    every page knew what the database knew at that moment. One that the next blow interrupts does not count."""

    def __init__(self, cluster: Cluster, pages: Pages, desk: Desk) -> None:
        super().__init__(daemon=True)
        self.seconds: list[float] = []
        self._cluster, self._pages, self._desk = cluster, pages, desk
        self._blows = 0
        self._mended = threading.Event()
        self._over = False

    def broken(self) -> None:
        self._blows += 1
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
            if (took := self._measure(self._blows)) is not None:
                self.seconds.append(took)

    def _measure(self, blow: int) -> float | None:
        if not self._wait(self._cluster.web_answers, blow):
            return None
        ready = time.monotonic()
        known = self._desk("heads", chats=[page.chat for page in self._pages.all])

        def right() -> bool:
            return all(page.connected and page.at >= known[str(page.chat)] for page in self._pages.all)

        self._wait(right, blow)
        return time.monotonic() - ready if self._blows == blow else None

    def _wait(self, condition: Callable[[], bool], blow: int) -> bool:
        """False: interrupted, or in vain."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if self._blows != blow or time.monotonic() > deadline:
                return False
            time.sleep(PAUSE)
        return True
