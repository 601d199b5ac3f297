"""Limits of live sockets with real web processes: counted over all, right again after one is killed."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from apps.chats.payloads import PROTOCOL
from tests.kit.web import Socket, Web, cookie_of, webs

pytestmark = pytest.mark.django_db(transaction=True)

RIGHT_AGAIN_SECONDS = 10.0
"""The customer's: after kill -9 of a web process the count is right within that time."""
LIMITS = {"LIVE_SOCKETS_PER_USER": "3", "LIVE_SOCKETS": "5", "LIVE_SOCKETS_PER_MINUTE": "100"}


@pytest.fixture
def two(tmp_path: Path, transactional_db: None) -> Iterator[list[Web]]:
    with webs(tmp_path, 2, **LIMITS) as started:
        yield started


@sync_to_async
def staff(name: str) -> str:
    return cookie_of(User.objects.create_user(name, is_staff=True))


async def test_limits_hold_over_processes_and_are_right_after_a_kill(two: list[Web]) -> None:
    first, second = two
    anna, ben = await staff("anna"), await staff("ben")
    mine = [await first.admitted(anna), await first.admitted(anna), await second.admitted(anna)]
    for web in two:
        assert await (await web.connect(anna)).outcome() == 4421
    theirs = [await first.admitted(ben), await second.admitted(ben)]
    for web in two:  # five in all
        assert await (await web.connect(ben)).outcome() == 4422
    mine[2].close()
    again = await freed(first, anna)
    first.kill()
    killed = time.monotonic()
    assert await (await second.connect(ben)).outcome() in (4422, 1006)  # nobody can know yet
    await freed(second, anna)
    assert time.monotonic() - killed < RIGHT_AGAIN_SECONDS
    # Of the five only ben's one in the second process was left; anna's new one makes two.
    for cookie in (anna, anna, ben):
        await freed(second, cookie)
    assert await (await second.connect(ben)).outcome() == 4422
    assert [socket.lost for socket in (mine[0], mine[1], theirs[0], again)] == [True] * 4


async def test_many_at_once_never_exceed_the_limit(two: list[Web]) -> None:
    anna = await staff("anna")
    tries = await asyncio.gather(*(web.connect(anna) for web in two * 10))
    outcomes = []
    for socket in tries:
        socket.say(type="hello", version=PROTOCOL)
        outcomes.append(await socket.outcome())
    assert (outcomes.count("welcome"), outcomes.count(4421)) == (3, 17)


async def test_a_page_that_comes_back_elsewhere_takes_its_own_place(two: list[Web]) -> None:
    anna = await staff("anna")
    names = [str(uuid4()) for _ in range(3)]
    before = [await two[0].admitted(anna, name) for name in names]
    after = [await two[1].admitted(anna, name) for name in names]
    assert [await socket.outcome("never") for socket in before] == [4410] * 3
    after[0].say(type="ping")
    assert await after[0].outcome("pong") == "pong"
    assert await (await two[0].connect(anna)).outcome() == 4421


async def test_frames_above_64_kb_end_at_the_server(two: list[Web]) -> None:
    socket = await two[0].admitted(await staff("anna"))
    socket.send('{"type":"ping","ref":"' + "x" * 65_536 + '"}')
    assert await socket.outcome("error", "pong") in (1006, 1009)


async def freed(web: Web, cookie: str) -> Socket:
    """A socket that gets a place as soon as there is one."""
    async with asyncio.timeout(RIGHT_AGAIN_SECONDS):
        while True:
            socket = await web.connect(cookie)
            socket.say(type="hello", version=PROTOCOL)
            if await socket.outcome() == "welcome":
                return socket
            await asyncio.sleep(0.1)
