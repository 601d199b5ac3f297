"""Cuts every connection to Telegram off when the leases do not cover it any more: past the deadline, from a thread of
its own because the loop may be stuck, and when the wall clock jumps."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from tgadmin.core.clock import Clock
from tgadmin.gateway.ownership.lease import Leases

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.25
STUCK_SECONDS = 20.0
"""An event loop that has not turned for so long does not come back by itself: the process begins again."""
JUMP_SECONDS = 30.0
"""A wall clock stepped back by so much makes Telethon ignore every message (it takes them for ones from the future)."""


class Guard:
    """``cut`` closes all sockets and may be called from any thread; ``jumped`` is told of a jump's seconds, in the
    guard's thread, after everything was cut; ``stuck`` when the loop has not called ``tick`` for STUCK_SECONDS."""

    def __init__(
        self,
        leases: Leases,
        clock: Clock,
        cut: Callable[[], int],
        jumped: Callable[[float], None],
        stuck: Callable[[], None] = lambda: None,
    ) -> None:
        self._leases = leases
        self._clock = clock
        self._cut = cut
        self._jumped = jumped
        self._stuck = stuck
        self._blind = 0.0
        self._stop = threading.Event()
        self._offset = self._wall_offset()
        self._thread = threading.Thread(target=self._run, name="gateway-guard", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def tick(self) -> None:
        """Called by the event loop: it still turns."""
        self._blind = 0.0

    def _run(self) -> None:
        covered = True
        while not self._stop.wait(pause := self._pause()):
            self._check_loop(pause)
            self._check_clock()
            if self._leases.allowed():
                covered = True
                continue
            cut = self._cut()
            if covered and cut:
                log.error("deadline passed: connections cut", sessions=cut)
            covered = False

    def _pause(self) -> float:
        left = self._leases.seconds_left
        return min(max(left, 0.0), POLL_SECONDS) if left > 0 else POLL_SECONDS

    def _check_loop(self, seconds: float) -> None:
        """Counted in our own looks: a process that was frozen as a whole has not been stuck meanwhile."""
        self._blind += seconds
        if self._blind >= STUCK_SECONDS:
            log.critical("the event loop is stuck", seconds=round(self._blind))
            self._blind = 0.0
            self._stuck()

    def _check_clock(self) -> None:
        offset = self._wall_offset()
        jump = offset - self._offset
        self._offset = offset
        if abs(jump) >= JUMP_SECONDS:
            log.error("the wall clock jumped: connections cut", seconds=round(jump))
            self._leases.expire()
            self._cut()
            self._jumped(jump)

    def _wall_offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()
