"""Waiting for a condition, in place of sleeping for a time that is hoped to be enough."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE_SECONDS = 0.02


def eventually(condition: Callable[[], T], seconds: float = 20.0, what: str = "", *, pause: float = PAUSE_SECONDS) -> T:
    """What ``condition`` gives once it is true; looks every ``pause`` seconds. AssertionError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(pause)
    return result


async def until(condition: Callable[[], object], seconds: float = 20.0, *, pause: float = 0.005) -> None:
    """The same in a coroutine, for a condition of which nothing tells. TimeoutError after ``seconds``."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(pause)
