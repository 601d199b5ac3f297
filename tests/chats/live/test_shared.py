"""Reads that many ask for at once are made once for all of them, and nobody gets what was stored before they asked."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from apps.chats.live.threads import Shared
from tests.kit.waiting import eventually

pytestmark = pytest.mark.django_db


class Source:
    """Reads a number, as slowly as the test likes."""

    def __init__(self) -> None:
        self.stored = 1
        self.begun = 0
        self.may_end = threading.Semaphore(0)

    def read(self, *args: Any) -> tuple[int, tuple[Any, ...]]:
        found = self.stored
        self.begun += 1
        assert self.may_end.acquire(timeout=20)
        if found < 0:
            raise ValueError(found)
        return found, args

    async def until_begun(self, count: int) -> None:
        await asyncio.to_thread(eventually, lambda: self.begun == count, 20, f"{count} readings have begun")


async def asked(shared: Shared, source: Source, about: str, *args: Any) -> asyncio.Task[Any]:
    task = asyncio.create_task(shared.read(source.read, about, *args))
    await asyncio.sleep(0)
    return task


async def test_who_asks_meanwhile_gets_the_next_reading() -> None:
    shared, source = Shared(), Source()
    first = await asked(shared, source, "a", "x")
    await source.until_begun(1)
    source.stored = 2
    others = [await asked(shared, source, "a", "x") for _ in range(10)]
    source.may_end.release()
    assert await first == (1, ("x",))
    await source.until_begun(2)
    source.stored = 3
    source.may_end.release()
    assert {await other for other in others} == {(2, ("x",))}
    assert source.begun == 2
    last = await asked(shared, source, "a", "x")
    source.may_end.release()
    assert await last == (3, ("x",))


async def test_others_are_asked_for_at_the_same_time() -> None:
    shared, source = Shared(), Source()
    both = [await asked(shared, source, about, about) for about in ("a", "b")]
    await source.until_begun(2)
    source.may_end.release(2)
    assert [await one for one in both] == [(1, ("a",)), (1, ("b",))]


async def test_who_leaves_takes_it_from_nobody() -> None:
    shared, source = Shared(), Source()
    leaves, stays = (asyncio.create_task(shared.read(source.read, "a")) for _ in range(2))
    await source.until_begun(1)
    leaves.cancel()
    source.may_end.release()
    assert await stays == (1, ())
    assert leaves.cancelled()


async def test_an_error_is_everybodys_and_the_next_reading_is_made() -> None:
    shared, source = Shared(), Source()
    source.stored = -1
    failing = [asyncio.create_task(shared.read(source.read, "a")) for _ in range(3)]
    await source.until_begun(1)
    source.stored = 5
    following = await asked(shared, source, "a")
    source.may_end.release(2)
    for one in failing:
        with pytest.raises(ValueError, match="-1"):
            await one
    assert await following == (5, ())
