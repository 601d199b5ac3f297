"""One account's connection, against the sandbox over TCP."""

import asyncio

import pytest

from tests.telegram.conftest import Make, MemoryInbox, Store
from tgadmin.core import types as core
from tgadmin.core.errors import Kind, TelegramError


async def test_what_arrives_is_put_in_order_with_its_state(sandbox, sign_in, account_client: Make) -> None:
    me, world = await sign_in("+49151000001"), sandbox.world
    other = world.accounts.create("+49151000002", "Other").user_id
    store = Store(me)
    inbox = MemoryInbox(store)
    client = account_client(store, inbox)
    await client.connect()
    await client.caught_up()
    first = world.send(other, me.user_id, "one")
    world.edit(other, me.user_id, first, "one, edited")
    world.send(other, me.user_id, "two")
    await inbox.until(lambda: len(store.of(core.NewMessage)) == 2)
    assert [m["text"] for m in store.snapshot()[other]] == ["one, edited", "two"]
    assert store.peers[other].name == "Other"
    assert store.checkpoint.pts == world.boxes.box(me.user_id).pts
