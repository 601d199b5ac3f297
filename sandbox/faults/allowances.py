"""How often a method may be called: so many times at once, then once in so many seconds; each account by itself.

Telegram does not publish its limits. Clients that read many pages in a row get flood waits of this form
(https://core.telegram.org/api/errors#420-flood).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

from sandbox.errors import RpcError


@dataclass
class Allowance:
    """A bucket of ``burst`` calls for each account, which one call is added to every ``seconds``."""

    burst: int
    seconds: float
    clock: Callable[[], float]
    left: dict[int | None, tuple[float, float]] = field(default_factory=dict)
    """By user id: calls that are left, and at which time."""

    def use(self, user_id: int | None) -> None:
        """One call. Raises FLOOD_WAIT_X."""
        now = self.clock()
        left, at = self.left.get(user_id, (float(self.burst), now))
        left = min(float(self.burst), left + (now - at) / self.seconds)
        if left < 1:
            self.left[user_id] = left, now
            raise RpcError(420, f"FLOOD_WAIT_{max(1, ceil((1 - left) * self.seconds))}")
        self.left[user_id] = left - 1, now
