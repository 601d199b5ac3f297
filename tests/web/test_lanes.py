"""Turns: how many at once, in which order, what becomes of those who give up."""

from __future__ import annotations

import asyncio

import pytest

from tgadmin.web.lanes import Lane, Turn

pytestmark = pytest.mark.pure


class Queue:
    """Tasks that wait for a place; ``order`` tells who got one."""

    def __init__(self, places: int) -> None:
        self.lane = Lane(places)
        self.order: list[str] = []

    async def join(self, name: str, address: str, seconds: float = 60) -> asyncio.Task[None]:
        async def wait() -> None:
            await self.lane.take(address, seconds)
            self.order.append(name)

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        return task

    async def give(self) -> None:
        self.lane.give()
        for _ in range(3):
            await asyncio.sleep(0)


async def test_so_many_at_once() -> None:
    queue = Queue(2)
    for name in "abc":
        await queue.join(name, "x")
    assert queue.order == ["a", "b"]
    await queue.give()
    assert queue.order == ["a", "b", "c"]
    await queue.give()
    await queue.give()
    await queue.join("d", "x")
    await queue.join("e", "x")
    assert len(queue.order) == 5


async def test_turns_go_round() -> None:
    """Whoever fills the queue of his address waits behind one request of everybody else."""
    queue = Queue(1)
    await queue.join("first", "loud")
    for number in range(5):
        await queue.join(f"loud {number}", "loud")
    await queue.join("quiet", "quiet")
    for _ in range(3):
        await queue.give()
    assert queue.order == ["first", "loud 0", "quiet", "loud 1"]


async def test_who_gives_up_leaves_no_place_behind() -> None:
    queue = Queue(1)
    await queue.join("first", "x")
    impatient = await queue.join("impatient", "x", seconds=0)
    cancelled = await queue.join("cancelled", "y")
    cancelled.cancel()
    with pytest.raises(TimeoutError):
        await impatient
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert queue.lane.waiting == 0
    await queue.give()
    await queue.join("second", "x")
    assert queue.order == ["first", "second"]


async def test_a_place_given_to_who_is_cancelled_goes_on() -> None:
    queue = Queue(1)
    await queue.join("first", "x")
    cancelled = await queue.join("cancelled", "x")
    await queue.join("second", "x")
    queue.lane.give()
    cancelled.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert queue.order == ["first", "second"]


async def test_a_turn_is_given_back_once() -> None:
    lane = Lane(1)
    await lane.take("x", 1)
    turn = Turn(lane)
    turn.over()
    turn.over()
    await lane.take("x", 1)
    with pytest.raises(TimeoutError):
        await lane.take("x", 0)
    Turn(None).over()
