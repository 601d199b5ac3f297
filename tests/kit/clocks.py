"""Clocks that tests move."""

from __future__ import annotations

import time


class Clock:
    """Stands at ``now`` (seconds since 1970) until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class RunningClock:
    """Runs as the machine's does, ``offset`` seconds ahead of it."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset
