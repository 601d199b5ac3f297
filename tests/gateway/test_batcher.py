"""Questions that come while one is being answered are answered together; what is wrong with one is not the others'."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tgadmin.gateway.accounts.batcher import Batcher
from tgadmin.gateway.ownership.local_gateways import LocalGateways

pytestmark = pytest.mark.pure


class Away(Exception):
    """The database's trouble."""


class Service:
    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.free = asyncio.Event()

    async def __call__(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.calls.append(list(numbers))
        await self.free.wait()
        if 13 in numbers:
            raise ZeroDivisionError
        if 404 in numbers:
            raise Away
        return [number * 2 if number >= 0 else ValueError(number) for number in numbers]


async def test_what_comes_meanwhile_is_asked_together_and_in_order() -> None:
    service = Service()
    together = Batcher(service, most=3)
    first = together(1)
    await asyncio.sleep(0)
    later = [together(number) for number in (2, 3, 4, 5)]
    service.free.set()
    assert await first == 2
    assert await asyncio.gather(*later) == [4, 6, 8, 10]
    assert service.calls == [[1], [2, 3, 4], [5]]
    assert await together(6) == 12


async def test_one_bad_question_does_not_spoil_the_others() -> None:
    service = Service()
    service.free.set()
    together = Batcher(service)
    answers = await asyncio.gather(*map(together, (1, 13, -5, 2)), return_exceptions=True)
    assert [answers[0], answers[3]] == [2, 4]
    assert [type(answer) for answer in answers[1:3]] == [ZeroDivisionError, ValueError]
    assert service.calls == [[1, 13, -5, 2], [1], [13], [-5], [2]]


async def test_what_concerns_all_is_not_asked_again_one_by_one() -> None:
    service = Service()
    service.free.set()
    together = Batcher(service, common=(Away,))
    answers = await asyncio.gather(*map(together, (1, 404, 2)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Away] * 3
    assert len(service.calls) == 1


async def test_who_does_not_wait_any_more_is_not_missed() -> None:
    service = Service()
    together = Batcher(service)
    impatient, patient = together(1), together(2)
    await asyncio.sleep(0)
    impatient.cancel()
    service.free.set()
    assert await patient == 4


async def test_a_neighbours_end_is_told_at_once() -> None:
    ended = asyncio.Event()
    neighbours = LocalGateways(ended.set)
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=subprocess.PIPE)
    try:
        neighbours.watch({child.pid})
        if not neighbours._watched:
            pytest.skip("this system has no pidfd")
        child.kill()
        async with asyncio.timeout(20):
            await ended.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        neighbours.close()
    neighbours.watch({child.pid})  # nobody any more
    assert neighbours._watched == {}
