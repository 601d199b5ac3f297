"""Acknowledgements (https://core.telegram.org/mtproto/service_messages_about_messages): all in time, few packets."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from sandbox.protocol.session import Session
from sandbox.server import Sandbox
from tests.kit.waiting import until
from tests.telegram.conftest import Make, MemoryInbox, Store
from tgadmin.core import types as core
from tgadmin.telegram import Pings
from tgadmin.telegram._telethon import wire

ME, OTHER = "+49151555001", "+49151555002"


class Scene:
    """An account that is connected, and what its data centre hears from it."""

    def __init__(self, sandbox: Sandbox, store: Store, friend: int) -> None:
        self.world, self.sandbox = sandbox.world, sandbox
        self.store, self.inbox, self.friend, self.me = store, MemoryInbox(store), friend, store.account.user_id
        self.acks: list[list[int]] = []

    @property
    def session(self) -> Session:
        return next(one for one in self.sandbox.sessions_of(self.me) if one.connection is not None and one.updates)

    async def receive(self, count: int) -> None:
        """One update a packet."""
        before = len(self.store.of(core.NewMessage))
        for number in range(count):
            self.world.send(self.friend, self.me, f"message {number}")
            self.sandbox.deliver()
            await asyncio.sleep(0)
        await self.inbox.until(lambda: len(self.store.of(core.NewMessage)) == before + count)


@pytest.fixture
async def scene(sandbox: Sandbox, sign_in: Any, monkeypatch: pytest.MonkeyPatch) -> Scene:
    create = sandbox.world.accounts.create
    create(ME, "Me")
    made = Scene(sandbox, Store(await sign_in(ME)), create(OTHER, "Friend").user_id)
    honest = Session.acknowledged

    def heard(session: Session, msg_ids: Iterable[int]) -> None:
        made.acks.append(list(msg_ids))
        honest(session, made.acks[-1])

    monkeypatch.setattr(Session, "acknowledged", heard)
    return made


async def test_they_go_with_the_next_ping(scene: Scene, account_client: Make) -> None:
    client = account_client(scene.store, scene.inbox, pings=Pings(every=0.3))
    await client.connect()
    await client.caught_up()
    await until(lambda: not scene.session.unacked)
    scene.acks.clear()
    await scene.receive(100)
    assert len(scene.acks) < 20  # not one for each; only as many pings as went out meanwhile
    await until(lambda: not scene.session.unacked)
    assert sum(map(len, scene.acks)) >= 100


async def test_many_do_not_wait_for_it(scene: Scene, account_client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ACKS_AT_ONCE", 20)
    client = account_client(scene.store, scene.inbox, pings=Pings(every=60, disconnect=90))
    await client.connect()
    await client.caught_up()
    scene.acks.clear()
    await scene.receive(110)
    await until(lambda: sum(map(len, scene.acks)) >= 100)
    assert all(len(one) >= 20 for one in scene.acks)


async def test_a_request_takes_them_along(scene: Scene, account_client: Make) -> None:
    client = account_client(scene.store, scene.inbox, pings=Pings(every=60, disconnect=90))
    await client.connect()
    await client.caught_up()
    await scene.receive(5)
    assert len(scene.session.unacked) >= 5
    await client.me()
    await until(lambda: len(scene.session.unacked) <= 1)  # the answer itself


async def test_what_is_sent_again_for_want_of_one_is_not_taken_twice(scene: Scene, account_client: Make) -> None:
    client = account_client(scene.store, scene.inbox, pings=Pings(every=60, disconnect=90))
    await client.connect()
    await client.caught_up()
    await scene.receive(5)
    scene.session.send_again(list(scene.session.unacked))
    scene.session.flush()
    await scene.receive(5)
    assert len(scene.store.messages) == 10
    assert scene.store.twice == []
