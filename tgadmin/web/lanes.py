"""Requests of people who are not signed in: few are worked on at once, others wait for their turn.

Whoever floods a page that is dear (a password to be hashed) fills the queue of their own address, and waits there.
Those who are signed in, whom the application has told us of (``tgadmin.core.visitors``), do not come here at all.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Lane:
    """``slots`` at once; those who wait get them in turns by address, and of one address in their order."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}

    @property
    def waiting(self) -> int:
        return sum(map(len, self._queues.values()))

    async def take(self, address: str, seconds: float) -> None:
        """A slot, to be given back by ``give``. Raises TimeoutError when none is free for so long."""
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(address, deque()).append(turn)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self.give()  # it came together with the end of our patience
            else:
                self._forget(address, turn)
            raise

    def give(self) -> None:
        """A slot is free again."""
        while self._queues:
            address = next(iter(self._queues))
            queue = self._queues.pop(address)
            turn = queue.popleft()
            if queue:
                self._queues[address] = queue  # behind all others
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _forget(self, address: str, turn: asyncio.Future[None]) -> None:
        queue = self._queues.get(address)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._queues[address]


class Turn:
    """One slot of a lane, given back once, whoever is first to say so."""

    def __init__(self, lane: Lane | None) -> None:
        self._lane = lane

    def over(self) -> None:
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.give()
