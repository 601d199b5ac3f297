"""What has to happen at a time of the world's clock, whichever that is: looked at while something waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_LOOK_SECONDS = 0.5  # how often a clock that is not the loop's own is looked at


class Timer:
    """Calls `act` once the time has come that `next_due` names (unix seconds; None: none); `set` it after changes."""

    def __init__(
        self, clock: Callable[[], float], next_due: Callable[[], float | None], act: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._next_due = next_due
        self._act = act
        self._handle: asyncio.TimerHandle | None = None
        self._stopped = False

    def set(self) -> None:
        """Look at what waits; nothing that waits costs nothing."""
        due = self._next_due()
        if due is None or self._handle is not None or self._stopped:
            return
        wait = min(max(due - self._clock(), 0.0), _LOOK_SECONDS)
        self._handle = asyncio.get_running_loop().call_later(wait, self._rung)

    def stop(self) -> None:
        """Nothing is called any more."""
        self._stopped = True
        if self._handle is not None:
            self._handle.cancel()

    def _rung(self) -> None:
        self._handle = None
        self._act()
        self.set()
