"""Lets accounts connect a few at a time, and hardly any while the loop is behind.

A thousand that all connect at once (the start, a cut, a data centre that comes back) take the loop for so long that the
pings of those already connected are late, Telegram closes these, and they connect again: it would never end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

POLL_SECONDS = 0.1
BEHIND_SECONDS = 0.5
"""A loop that is later than this is behind: then one at a time."""
PERMIT_SECONDS = 10.0
"""A turn ends by then even if the account is still catching up: others need not wait for a long way back."""


class Permit:
    """The right to connect now; ``leave`` may be called more than once."""

    def __init__(self, left: Callable[[], None]) -> None:
        self._left: Callable[[], None] | None = left
        self._timer = asyncio.get_running_loop().call_later(PERMIT_SECONDS, self.leave)

    def leave(self) -> None:
        self._timer.cancel()
        left, self._left = self._left, None
        if left is not None:
            left()


class ConnectLimiter:
    """``most`` connect at the same time; ``allowed`` says whether anybody may (the leases hold)."""

    def __init__(self, most: int, allowed: Callable[[], bool]) -> None:
        self._most = most
        self._allowed = allowed
        self._inside = 0
        self._behind = 0.0
        self._waiting: deque[asyncio.Future[Permit]] = deque()

    @property
    def inside(self) -> int:
        """The number of accounts that are connecting."""
        return self._inside

    @property
    def waiting(self) -> int:
        return sum(not one.done() for one in self._waiting)

    async def enter(self) -> Permit:
        """Wait for one's turn: first come, first served."""
        waiter: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._admit()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                waiter.result().leave()
            raise

    async def run(self) -> None:
        """Measure for ever how late the loop is."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + POLL_SECONDS
            await asyncio.sleep(POLL_SECONDS)
            self._behind = loop.time() - due
            self._admit()

    def _admit(self) -> None:
        while self._waiting and self._inside < self._room():
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._inside += 1
                waiter.set_result(Permit(self._leave))

    def _room(self) -> int:
        if not self._allowed():
            return 0
        return 1 if self._behind > BEHIND_SECONDS else self._most

    def _leave(self) -> None:
        self._inside -= 1
        self._admit()
