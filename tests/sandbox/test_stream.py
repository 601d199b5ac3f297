"""Faults on the stream of updates, connections that only one end believes in, and owners told apart by address."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telethon import TelegramClient, events
from telethon.errors import AuthKeyDuplicatedError, FloodWaitError
from telethon.sessions import MemorySession
from telethon.tl import functions

from sandbox.record import Record
from sandbox.server import Sandbox

ClientFor = Callable[..., Awaitable[TelegramClient]]
PHONE, OTHER_PHONE = "491511234567", "491511234568"
NEAREST = functions.help.GetNearestDcRequest()


@pytest.fixture
def anna(sandbox: Sandbox) -> int:
    return sandbox.world.accounts.create(PHONE, "Anna").user_id


@pytest.fixture
def ben(sandbox: Sandbox) -> int:
    return sandbox.world.accounts.create(OTHER_PHONE, "Ben").user_id


@pytest.fixture
async def client(client_for: ClientFor, anna: int, ben: int) -> TelegramClient:
    return await client_for(PHONE)


class Heard:
    """The raw containers that a client was sent, by the ids of the messages in them."""

    def __init__(self, client: TelegramClient) -> None:
        self.ids: list[int] = []
        self._more = asyncio.Event()
        inner = client._updates_queue.put_nowait

        def note(updates: Any) -> None:
            self.ids += [one.message.id for one in getattr(updates, "updates", []) if hasattr(one, "message")]
            if hasattr(updates, "pts") and hasattr(updates, "id"):
                self.ids.append(updates.id)
            self._more.set()
            inner(updates)

        client._updates_queue.put_nowait = note

    async def until(self, count: int) -> list[int]:
        async with asyncio.timeout(10):
            while len(self.ids) < count:
                self._more.clear()
                await self._more.wait()
        return self.ids


async def test_an_update_comes_twice(sandbox: Sandbox, client: TelegramClient, anna: int, ben: int) -> None:
    heard = Heard(client)
    sandbox.faults.repeat(anna)
    sandbox.world.send(ben, anna, "one")
    sandbox.world.send(ben, anna, "two")
    first, again, second = await heard.until(3)
    assert first == again
    assert second > first
    assert sandbox.faults.struck()["repeat"] == 1


async def test_two_updates_change_places(sandbox: Sandbox, client: TelegramClient, anna: int, ben: int) -> None:
    heard = Heard(client)
    sandbox.faults.swap(anna)
    sandbox.world.send(ben, anna, "one")
    sandbox.world.send(ben, anna, "two")
    ids = await heard.until(2)
    assert ids == sorted(ids, reverse=True)


async def test_an_update_that_nothing_overtakes_comes_late(
    sandbox: Sandbox, client: TelegramClient, anna: int, ben: int
) -> None:
    heard = Heard(client)
    sandbox.faults.swap(anna)
    sandbox.world.send(ben, anna, "one")
    await client(NEAREST)
    assert heard.ids == []
    assert len(await heard.until(1)) == 1


async def test_an_update_is_held_up_whatever_overtakes_it(
    sandbox: Sandbox, client: TelegramClient, anna: int, ben: int
) -> None:
    heard = Heard(client)
    sandbox.faults.hold(anna)
    for text in ("one", "two", "three"):
        sandbox.world.send(ben, anna, text)
    first, second, late = await heard.until(3)
    assert late < first < second


async def test_a_disorder_is_something_of_everything(
    sandbox: Sandbox, client: TelegramClient, anna: int, ben: int
) -> None:
    heard = Heard(client)
    sandbox.faults.disorder(anna, times=40, seed=3)
    for number in range(80):
        sandbox.world.send(ben, anna, str(number))
    await client(NEAREST)
    assert set(sandbox.faults.struck()) >= {"lose", "repeat", "swap", "hold"}
    await heard.until(40)
    assert heard.ids != sorted(set(heard.ids))


@pytest.mark.parametrize("trouble", ["lose", "hold", "unreadable"])
async def test_what_was_lost_is_told_by_the_difference(
    sandbox: Sandbox, client: TelegramClient, anna: int, ben: int, trouble: str
) -> None:
    """A stock client notices the hole at the next update, and asks."""
    texts: list[str] = []
    both = asyncio.Event()

    @client.on(events.NewMessage)
    async def note(event: Any) -> None:
        texts.append(event.raw_text)
        if len(texts) == 2:
            both.set()

    await client.catch_up()
    getattr(sandbox.faults, trouble)(anna)
    sandbox.world.send(ben, anna, "one")
    sandbox.world.send(ben, anna, "two")
    await asyncio.wait_for(both.wait(), 10)
    assert texts == ["one", "two"]


async def test_a_half_open_connection_says_nothing_and_new_ones_are_sound(
    sandbox: Sandbox, client: TelegramClient, client_for: ClientFor, anna: int
) -> None:
    assert sandbox.faults.half_open(user=anna) == 1
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(client(NEAREST), 0.5)
    assert client.is_connected()
    again = await client_for(PHONE, session=_copy(client))
    assert (await again(NEAREST)).country
    assert sandbox.faults.half_open(user=anna) == 1  # the dead one does not count any more


async def test_faults_on_methods_are_counted_when_they_are_met(sandbox: Sandbox, client: TelegramClient) -> None:
    sandbox.faults.flood("help.getNearestDc", 3)
    sandbox.faults.late("help.getNearestDc", 0.1)
    before = sandbox.faults.struck()
    with pytest.raises(FloodWaitError):
        await client(NEAREST)
    assert sandbox.faults.struck() == {**before, "help.getNearestDc FLOOD_WAIT_3": 1}
    await client(NEAREST)
    assert sandbox.faults.struck()["help.getNearestDc late"] == 1


def _copy(client: TelegramClient) -> MemorySession:
    session = MemorySession()
    session.set_dc(client.session.dc_id, client.session.server_address, client.session.port)
    session.auth_key = client.session.auth_key
    return session


class TestOwners:
    async def test_one_owner_may_have_two_connections(
        self, sandbox: Sandbox, client: TelegramClient, client_for: ClientFor
    ) -> None:
        sandbox.faults.one_owner()
        second = await client_for(PHONE, session=_copy(client))
        assert (await second(NEAREST)).country
        assert (await client(NEAREST)).country
        assert sandbox.record.two_owners() == []

    async def test_two_owners_at_once_cost_the_key(
        self, sandbox: Sandbox, client: TelegramClient, stranger: ClientFor, anna: int
    ) -> None:
        """https://core.telegram.org/api/errors#406-not-acceptable"""
        sandbox.faults.one_owner()
        with pytest.raises(AuthKeyDuplicatedError):  # its very first request, initConnection
            await stranger(session=_copy(client), local_addr="127.0.0.9")
        assert sandbox.keys_of(anna) == []

    async def test_one_after_the_other_is_fine(
        self, sandbox: Sandbox, client: TelegramClient, stranger: ClientFor
    ) -> None:
        sandbox.faults.one_owner()
        session = _copy(client)
        await client.disconnect()
        other = await stranger(session=session, local_addr="127.0.0.9")
        assert (await other(NEAREST)).country
        assert sandbox.record.two_owners() == []


def test_the_record_knows_when_an_older_owner_spoke_after_a_newer_one() -> None:
    record = Record(lambda: 0.0)
    for number, source in ((1, "127.0.0.2:5"), (2, "127.0.0.2:6"), (3, "127.0.0.3:7")):
        record.opened(number, source, 1)
        record.keyed(number, 77)
    for number in (1, 2, 1, 2, 3, 3):
        record.heard(number)
    assert record.two_owners() == []
    record.heard(1)
    assert [(older.number, newer.number) for older, newer in record.two_owners()] == [(1, 3)]
