"""Many accounts connect a few at a time, fewer when the loop is behind; the beat does not wait for any of it."""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import AsyncIterator, Callable

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Peer
from apps.sessions.models import Authorization, AuthorizationSecret, Session, SessionEvent, SessionStatus, UpdateState
from tests.kit.threads import NETWORK_NAME, GatewayThread, SandboxThread
from tests.kit.waiting import eventually, until
from tgadmin.gateway.accounts import connect_limiter
from tgadmin.gateway.accounts.connect_limiter import ConnectLimiter

MANY = 200


@pytest.fixture
async def held() -> list[bool]:
    """Whether the leases hold, as a list of one."""
    return [True]


@pytest.fixture
async def door(held: list[bool]) -> AsyncIterator[ConnectLimiter]:
    door = ConnectLimiter(2, lambda: held[0])
    task = asyncio.create_task(door.run())
    yield door
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_no_more_than_so_many_and_in_order(door: ConnectLimiter) -> None:
    first, second = await door.enter(), await door.enter()
    waiting = [asyncio.create_task(door.enter()) for _ in range(3)]
    await asyncio.sleep(0)
    assert (door.inside, [task.done() for task in waiting]) == (2, [False] * 3)
    first.leave()
    first.leave()  # counts once
    await waiting[0]
    assert (door.inside, [task.done() for task in waiting]) == (2, [True, False, False])
    second.leave()
    await waiting[1]
    assert not waiting[2].done()
    (await waiting[0]).leave()
    await waiting[2]


async def test_who_gives_up_waiting_takes_no_turn(door: ConnectLimiter) -> None:
    first, _ = await door.enter(), await door.enter()
    given_up, patient = asyncio.create_task(door.enter()), asyncio.create_task(door.enter())
    await asyncio.sleep(0)
    first.leave()  # whose turn it is is told, and gives up before hearing of it
    given_up.cancel()
    await patient
    assert given_up.cancelled()
    assert door.inside == 2


async def test_nobody_connects_while_the_leases_do_not_hold(door: ConnectLimiter, held: list[bool]) -> None:
    held[0] = False
    task = asyncio.create_task(door.enter())
    await asyncio.sleep(0)
    assert not task.done()
    held[0] = True
    await task


async def test_one_at_a_time_while_the_loop_is_behind(door: ConnectLimiter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect_limiter, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(connect_limiter, "BEHIND_SECONDS", 0.1)
    loop = asyncio.get_running_loop()
    entered: list[tuple[float, int]] = []

    def stand_still() -> None:
        time.sleep(
            connect_limiter.POLL_SECONDS + connect_limiter.BEHIND_SECONDS
        )  # a loop that is behind is what is tried
        loop.call_later(connect_limiter.POLL_SECONDS / 2, stand_still)

    async def connect() -> None:
        turn = await door.enter()
        entered.append((door._behind, door.inside))
        await asyncio.sleep(0)  # meanwhile another could enter
        turn.leave()

    loop.call_soon(stand_still)
    await until(lambda: door._behind > connect_limiter.BEHIND_SECONDS)
    await asyncio.gather(*(connect() for _ in range(5)))
    assert len(entered) == 5
    late = [inside for behind, inside in entered if behind > connect_limiter.BEHIND_SECONDS]
    assert late
    assert set(late) == {1}


async def test_a_turn_ends_by_itself(door: ConnectLimiter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect_limiter, "PERMIT_SECONDS", 0.01)
    for _ in range(2):
        await door.enter()
    monkeypatch.undo()
    await door.enter()


def signed_in(dc: SandboxThread, number: int) -> Session:
    """The rows that a finished sign-in leaves, for an account with a key of its own."""
    phone = f"4917{number:08}"
    user = dc.person(f"Account {number}", phone)
    secret = os.urandom(256)
    ring, world = dc.server.ring, dc.server.world
    key = dc.call(lambda: ring.create(secret, user_id=user, dc_id=1, created=int(time.time())))
    state = dc.call(lambda: world.updates.state(user, key))
    session = Session.objects.create(
        name=phone, network=NETWORK_NAME, telegram_user_id=user, phone=phone, dc_id=1, status=SessionStatus.DISCONNECTED
    )
    authorization = Authorization.objects.create(session=session, key_id=key.id, dc_id=1)
    facts = {"dc_id": 1, "server_address": dc.server.host, "port": dc.server.port}
    AuthorizationSecret.objects.create(
        authorization=authorization, secret=facts | {"auth_key": base64.b64encode(secret).decode()}
    )
    UpdateState.objects.create(session=session, pts=state.pts, qts=state.qts, date=int(state.date), seq=state.seq)
    Peer.objects.create(session=session, peer_id=user, kind="user", name=phone, is_self=True)
    return session


def test_many_accounts_on_a_slow_loop_are_ready_once_each(
    user: User, dc: SandboxThread, start_gateway: Callable[..., GatewayThread]
) -> None:
    """The gateway's loop stands still for longer than a beat, again and again, while all connect."""
    sessions = [signed_in(dc, number) for number in range(MANY)]
    gateway = start_gateway(capacity=MANY)
    stop = [False]

    def hinder() -> None:
        time.sleep(0.25)  # a loop of which little is left
        if not stop[0]:
            asyncio.get_running_loop().call_later(0.25, hinder)

    gateway.call(hinder)
    most = [0]

    def all_ready() -> bool:
        most[0] = max(most[0], gateway.process.connect_limiter.inside)
        return Session.objects.filter(status=SessionStatus.READY).count() == MANY

    try:
        eventually(all_ready, seconds=120, pause=0.1)
    finally:
        stop[0] = True
    events = SessionEvent.objects.filter(session__in=sessions)
    assert events.filter(kind="status.ready").count() == MANY
    assert not events.filter(kind="status.disconnected").exists()
    assert 0 < most[0] <= 32
    assert len(dc.server.record.connections) == MANY
