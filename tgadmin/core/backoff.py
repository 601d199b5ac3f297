"""How long to wait before the next try of a connection: 1, 2, 4, 8, 16 s, then 60 s, later 300 s, never giving up."""

from __future__ import annotations

from collections.abc import Callable

FIRST_TRIES = 5
"""Tries with doubling waits; after them CONNECTION_FAILED is recorded (the customer's five)."""
STEADY_SECONDS = 60.0
STEADY_TRIES = 10
"""Tries at STEADY_SECONDS before the wait grows to SLOW_SECONDS."""
SLOW_SECONDS = 300.0
JITTER = 0.2


def delay(failures: int, random: Callable[[], float]) -> float:
    """Seconds to wait after ``failures`` (1 or more) failed tries in a row; ``random`` gives 0 to 1, for ±20 %."""
    if failures < 1:
        raise ValueError("failures counts from 1")
    if failures <= FIRST_TRIES:
        base = float(2 ** (failures - 1))
    elif failures <= FIRST_TRIES + STEADY_TRIES:
        base = STEADY_SECONDS
    else:
        base = SLOW_SECONDS
    return base * (1 + JITTER * (2 * random() - 1))


def has_failed(failures: int) -> bool:
    """Whether CONNECTION_FAILED is to be recorded now: once, at the end of the first tries."""
    return failures == FIRST_TRIES
