"""What is on its way to a socket: sent in order, each line for itself, so that nobody waits for a page that reads
slowly; and a line says whether it took more."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from autobahn.exception import Disconnected

from tgadmin.core.faults import describe
from tgadmin.core.frames import parts

log = logging.getLogger(__name__)

GONE = (OSError, Disconnected)
"""What a server raises for a frame to a socket whose end it has yet to tell of: ASGI's OSError, and what daphne lets
through from below."""
FULL = 16
"""Frames that wait in a line, after which it takes no more news: what it then misses is read again for it."""
MOST = 128
"""Frames that wait in a line, after which the socket is closed: even what is small and rare has piled up."""

Send = Callable[[str], Awaitable[None]]


class Line:
    """``send`` passes a frame to the server, and returns when that has taken it. ``failed`` is awaited when it raised
    what no closed socket explains; ``drained`` is called each time that the line has become empty."""

    def __init__(self, send: Send, *, failed: Callable[[], Awaitable[None]], drained: Callable[[], None]) -> None:
        self.whole = False  # frames are not cut into parts: whoever is at the other end does not put them together
        self._send = send
        self._failed = failed
        self._drained = drained
        self._waiting: deque[tuple[str, Callable[[], None] | None]] = deque()
        self._draining = False
        self._ended = asyncio.Event()

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= FULL

    @property
    def is_over_full(self) -> bool:
        return len(self._waiting) >= MOST

    @property
    def is_undrained(self) -> bool:
        """Frames wait, and nobody sends them."""
        return bool(self._waiting) and not self._draining

    def put(self, text: str, sent: Callable[[], None] | None = None) -> None:
        """A frame at the end; ``drain`` sends it. ``sent`` is called once the server has taken it, or never."""
        if not self._ended.is_set():
            self._waiting.append((text, sent))

    async def say(self, *texts: str) -> None:
        """Returns when all of them were sent, or the line has ended."""
        said = asyncio.Event()
        for text in texts[:-1]:
            self.put(text)
        self.put(texts[-1], said.set)
        if self._draining:
            waits = [asyncio.ensure_future(said.wait()), asyncio.ensure_future(self._ended.wait())]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        else:
            await self.drain()

    def end(self) -> None:
        """Nothing more is sent; what waits is dropped."""
        self._ended.set()
        self._waiting.clear()

    async def drain(self) -> None:
        """Send what waits. Of several that try, one does."""
        if self._draining:
            return
        self._draining = True
        try:
            await self._send_waiting()
        except GONE:
            self.end()
        except Exception as error:  # noqa: BLE001  whatever it is: the page must come back, and others wait for none of it
            log.error("a frame could not be sent, its page is sent back to ask again: %s", describe(error))
            self.end()
            await self._failed()
        finally:
            self._draining = False
        if not self._ended.is_set():
            self._drained()

    async def _send_waiting(self) -> None:
        while self._waiting:
            text, sent = self._waiting[0]
            for part in [text] if self.whole else parts(text):
                await self._send(part)
            if self._ended.is_set():
                return
            self._waiting.popleft()
            if sent is not None:
                sent()


_tasks: set[asyncio.Task[float]] = set()


def drain(lines: Iterable[Line]) -> asyncio.Task[float]:
    """Send what waits in these lines; one whose server does not take it keeps no other waiting. The task gives the
    seconds that the lines took which kept nobody waiting."""
    task = asyncio.get_running_loop().create_task(_drain(deque(line for line in lines if line.is_undrained)))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


async def _drain(lines: deque[Line]) -> float:
    """One after the other in one task, as long as none has to wait: a task for each would cost as much as the sending.
    The first that does wait keeps this task, and what is left gets another."""
    began = time.monotonic()
    relief = asyncio.get_running_loop().call_soon(_relieve, lines)
    while lines:
        await lines.popleft().drain()
    relief.cancel()
    return time.monotonic() - began


def _relieve(lines: deque[Line]) -> None:
    if lines:
        rest = list(lines)
        lines.clear()
        drain(rest)
