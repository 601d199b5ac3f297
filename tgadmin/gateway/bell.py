"""How one part of the gateway is woken by others, which know nothing else of it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

SOON_SECONDS = 0.05


class Bell:
    """Wakes the one loop that waits for it. A ring between two waits is not lost."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self._soon: asyncio.TimerHandle | None = None

    def ring(self) -> None:
        """End the wait that is under way, or the next one, at once."""
        self._rung.set()

    def ring_soon(self) -> None:
        """End the wait within SOON_SECONDS; calls that come together end it once."""
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(SOON_SECONDS, self._ring_now)

    def ring_at(self, when: datetime) -> None:
        """End the wait at that time, or before if something else rings."""
        seconds = max(0.0, (when - datetime.now(UTC)).total_seconds())
        asyncio.get_running_loop().call_later(seconds, self.ring)

    def _ring_now(self) -> None:
        self._soon = None
        self.ring()

    def hush(self) -> None:
        """What follows sees everything of which was rung until now."""
        self._rung.clear()

    async def wait(self, seconds: float) -> None:
        """Until it is rung, or for so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()


@dataclass(frozen=True, slots=True)
class Bells:
    """``bus``: there may be a command to claim. ``supervisor``: another account may have to be connected."""

    bus: Bell = field(default_factory=Bell)
    supervisor: Bell = field(default_factory=Bell)
