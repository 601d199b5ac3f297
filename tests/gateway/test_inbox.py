"""The inbox: order, bounds, trouble with the database, entries that cannot be stored."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
import pytest

from apps.chats.services.record import Recorded
from apps.commands.services.leases import Held, LeaseLost
from apps.common.fields import opened
from tests.kit.record import ANNA, PEERS, Kit, kit, leased, message, new
from tests.kit.waiting import until
from tgadmin.core.types import Checkpoint, Incoming, MessagesDeleted, NewMessage
from tgadmin.gateway import database
from tgadmin.gateway.accounts import inbox
from tgadmin.gateway.accounts.inbox import SessionInbox, Writers
from tgadmin.telegram import SinkFull

__all__ = ["kit", "leased"]


class Running:
    """Writers at work, and what they reported."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.recorded: list[Recorded] = []
        self.lost: list[Held] = []
        self.refused: list[str] = []
        self.writers = Writers(
            database.parameters(uuid.uuid4()),
            on_recorded=lambda _, recorded: self.recorded.append(recorded),
            on_lost=self.lost.append,
            on_refused=lambda _, what: self.refused.append(what),
        )
        self.task = asyncio.create_task(self.writers.run())

    def inbox(self, fence: int = 7) -> SessionInbox:
        return self.writers.inbox(Held(self.kit.session_id, fence, self.kit.node_id))


@pytest.fixture
async def running(kit: Kit) -> AsyncIterator[Running]:
    at_work = Running(kit)
    yield at_work
    at_work.task.cancel()
    await asyncio.gather(at_work.task, return_exceptions=True)


def entry(number: int, pts: int = 0) -> Incoming:
    return Incoming((new(ANNA, number),), PEERS, Checkpoint(pts or number, 0, 1, 1))


async def pts(kit: Kit) -> int:
    return int(
        (await kit.rows("SELECT pts FROM telegram_update_states WHERE session_id = %s", kit.session_id))[0]["pts"]
    )


async def test_entries_are_committed_in_order_with_their_state(running: Running) -> None:
    box = running.inbox()
    futures = [box.put(entry(number)) for number in range(1, 2501)]
    await box.flush()
    assert all(future.done() for future in futures)
    assert len(await running.kit.messages(ANNA)) == 2500
    assert await pts(running.kit) == 2500
    assert len(running.recorded) < 20  # batches, not one transaction for each
    assert (await running.kit.chat(ANNA))["unread_count"] == 2500


async def test_a_dropped_database_connection_costs_nothing(running: Running) -> None:
    box = running.inbox()
    await asyncio.wait_for(box.put(entry(1)), 10)
    await running.kit.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name LIKE 'tgadmin gateway %%' AND pid <> pg_backend_pid() AND datname = current_database()"
    )
    for number in range(2, 50):
        box.put(entry(number))
    await asyncio.wait_for(box.flush(), 10)
    assert len(await running.kit.messages(ANNA)) == 49
    assert len(await running.kit.events(ANNA)) == 49


async def test_a_lost_lease_closes_it(running: Running) -> None:
    box = running.inbox(fence=6)
    with pytest.raises(LeaseLost):
        await box.put(entry(1))
    assert [held.fence for held in running.lost] == [6]
    with pytest.raises(LeaseLost):
        box.put(entry(2))
    with pytest.raises(LeaseLost):
        await box.flush()


async def test_one_that_cannot_be_stored_is_set_aside_and_named(running: Running) -> None:
    box = running.inbox()
    broken = NewMessage(replace(message(ANNA, 3, "secret words"), reply_to_id=2**70))
    for number in (1, 2):
        box.put(entry(number))
    box.put(Incoming((new(ANNA, 30), broken, new(ANNA, 31)), PEERS, Checkpoint(3, 0, 1, 1)))
    box.put(entry(4))
    await asyncio.wait_for(box.flush(), 10)
    assert [row["telegram_id"] for row in await running.kit.messages(ANNA)] == [1, 2, 4, 30, 31]
    assert await pts(running.kit) == 4
    assert len(running.refused) == 1
    assert running.refused[0].startswith("NewMessage: ")
    assert "secret" not in running.refused[0]
    (kept,) = await running.kit.rows(
        "SELECT id, kind, data FROM telegram_unreadable_updates WHERE session_id = %s", running.kit.session_id
    )
    assert kept["kind"] == "NewMessage"
    data = opened(kept["data"], "telegram_unreadable_updates", "data", kept["id"])
    assert b"secret words" in base64.b64decode(data)


async def test_a_wrongly_made_change_stops_nobody(running: Running) -> None:
    box = running.inbox()
    when: Any = "not a time"
    box.put(Incoming((NewMessage(replace(message(ANNA, 1), date=when)),), PEERS, Checkpoint(1, 0, 1, 1)))
    await asyncio.wait_for(box.put(entry(2)), 10)
    assert [row["telegram_id"] for row in await running.kit.messages(ANNA)] == [2]
    assert isinstance((await running.kit.messages(ANNA))[0]["date"], datetime)


async def test_a_bug_in_storing_stops_nobody_and_loses_nothing_else(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = inbox.record

    async def buggy(conn: Any, session_id: int, fence: int, node_id: Any, batch: list[Incoming]) -> Recorded:
        if any(isinstance(change, MessagesDeleted) for one in batch for change in one.changes):
            raise AssertionError
        return await honest(conn, session_id, fence, node_id, batch)

    monkeypatch.setattr(inbox, "record", buggy)
    box = running.inbox()
    for number in (1, 2):
        box.put(entry(number))
    box.put(Incoming((MessagesDeleted(0, (1,)),), (), Checkpoint(3, 0, 1, 1)))
    await asyncio.wait_for(box.put(entry(4)), 10)
    assert [row["telegram_id"] for row in await running.kit.messages(ANNA)] == [1, 2, 4]
    assert not running.task.done()


async def test_a_peer_or_a_state_that_cannot_be_stored_costs_nothing_else(running: Running) -> None:
    """What convert would have kept out: a peer, a channel and the account's own state, all beyond their columns."""
    box = running.inbox()
    wrong = replace(PEERS[0], id=2**63)
    box.put(Incoming((new(ANNA, 1), new(ANNA, 2)), (*PEERS, wrong), Checkpoint(3, 0, 1, 1, {-(2**63) - 1: 5, -7: 6})))
    await asyncio.wait_for(box.flush(), 20)
    assert [row["telegram_id"] for row in await running.kit.messages(ANNA)] == [1, 2]
    assert (await running.kit.chat(ANNA))["title"] == "Anna"
    assert await pts(running.kit) == 3
    channels = await running.kit.rows(
        "SELECT peer_id, pts FROM telegram_channel_states WHERE session_id = %s", running.kit.session_id
    )
    assert channels == [{"peer_id": -7, "pts": 6}]
    assert [what.partition(":")[0] for what in running.refused] == ["Peer", "Checkpoint"]
    box.put(Incoming((new(ANNA, 3),), PEERS, Checkpoint(2**70, 0, 1, 1)))
    await asyncio.wait_for(box.put(entry(4)), 20)
    assert [row["telegram_id"] for row in await running.kit.messages(ANNA)] == [1, 2, 3, 4]
    assert await pts(running.kit) == 4
    assert not running.task.done()


async def test_what_is_set_aside_may_hold_anything(running: Running) -> None:
    box = running.inbox()
    broken = NewMessage(replace(message(ANNA, 3, "half a letter \ud800"), reply_to_id=2**70))
    await asyncio.wait_for(box.put(Incoming((broken,), PEERS, Checkpoint(3, 0, 1, 1))), 20)
    (kept,) = await running.kit.rows(
        "SELECT id, data FROM telegram_unreadable_updates WHERE session_id = %s", running.kit.session_id
    )
    data = opened(kept["data"], "telegram_unreadable_updates", "data", kept["id"])
    assert b"half a letter" in base64.b64decode(data)
    assert not running.task.done()


async def test_the_writers_outlive_a_bug_of_whoever_they_tell(running: Running) -> None:
    honest, told = running.writers._on_recorded, []

    def buggy(session_id: int, recorded: Recorded) -> None:
        told.append(session_id)
        if len(told) == 1:
            raise AssertionError
        honest(session_id, recorded)

    running.writers._on_recorded = buggy
    box = running.inbox()
    for number in (1, 2):
        await asyncio.wait_for(box.put(entry(number)), 20)
    assert [row["telegram_id"] for row in await running.kit.messages(ANNA)] == [1, 2]
    await asyncio.wait_for(running.inbox().put(entry(3)), 20)
    assert not running.task.done()


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (psycopg.errors.ReadOnlySqlTransaction(), True),
        (psycopg.errors.UndefinedColumn(), True),
        (psycopg.errors.DiskFull(), True),
        (psycopg.errors.LockNotAvailable(), True),
        (psycopg.OperationalError("the connection is closed"), True),
        (ConnectionResetError(), True),
        (psycopg.errors.NumericValueOutOfRange(), False),
        (psycopg.errors.UniqueViolation(), False),
        (psycopg.errors.ProgramLimitExceeded(), False),
        (psycopg.ProgrammingError("cannot adapt"), False),
    ],
)
def test_which_refusals_of_the_database_pass(error: Exception, passes: bool) -> None:
    assert inbox._is_transient(error) is passes


async def test_nothing_is_stored_while_the_leases_do_not_hold(kit: Kit) -> None:
    allowed = False
    writers = Writers(
        database.parameters(uuid.uuid4()),
        on_recorded=lambda *_: None,
        on_lost=lambda _: None,
        on_refused=lambda *_: None,
        allowed=lambda: allowed,
    )
    async with asyncio.TaskGroup() as group:
        task = group.create_task(writers.run())
        stored = writers.inbox(Held(kit.session_id, 7, kit.node_id)).put(entry(1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(stored), 0.5)
        assert await kit.rows("SELECT 1 FROM telegram_messages WHERE session_id = %s", kit.session_id) == []
        allowed = True
        await asyncio.wait_for(stored, 10)
        task.cancel()


async def test_it_is_bounded(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MAX_WAITING", 3)
    scheduled: list[SessionInbox] = []
    box = SessionInbox(Held(kit.session_id, 7, kit.node_id), scheduled.append)
    for number in (1, 2, 3):
        box.put(entry(number))
    with pytest.raises(SinkFull):
        box.put(entry(4))
    assert scheduled == [box]  # once, however much waits
    assert len(box.next_prefix()) == 3
    box.committed(2)
    box.put(entry(4))
    assert len(box) == 2


async def test_a_batch_holds_whole_entries(kit: Kit) -> None:
    box = SessionInbox(Held(kit.session_id, 7, kit.node_id), lambda _: None)
    big = Incoming(tuple(MessagesDeleted(0, (number,)) for number in range(1500)))
    for incoming in (entry(1), big, entry(2)):
        box.put(incoming)
    assert [len(one.changes) for one in box.next_prefix()] == [1]
    box.committed(1)
    assert [len(one.changes) for one in box.next_prefix()] == [1500]


async def test_what_is_fetched_waits_for_room(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MAX_WAITING", 1)
    box = running.inbox()
    await asyncio.gather(*(box.put_fetched(entry(number)) for number in range(1, 6)))
    assert len(await running.kit.messages(ANNA)) == 5


async def test_under_load_the_next_batch_may_grow(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "GATHER_SECONDS", 0.1)
    scheduled: list[SessionInbox] = []
    box = SessionInbox(Held(kit.session_id, 7, kit.node_id), scheduled.append)
    box.put(entry(1))
    box.put(entry(2))
    assert scheduled == [box]
    box.committed(1)
    box.written(inbox.BUSY_CHANGES - 1)  # an ordinary day: at once
    assert scheduled == [box] * 2
    box.written(inbox.BUSY_CHANGES)
    box.put(entry(3))
    assert scheduled == [box] * 2
    await until(lambda: len(scheduled) == 3)
    assert len(box.next_prefix()) == 2
    box.committed(2)
    box.written(inbox.BUSY_CHANGES)
    box.put(entry(4))  # after a pause nothing is waited for
    assert scheduled == [box] * 4


@pytest.mark.parametrize("hurry", ["a full batch", "flush"])
async def test_a_batch_that_grows_can_be_hurried(kit: Kit, monkeypatch: pytest.MonkeyPatch, hurry: str) -> None:
    monkeypatch.setattr(inbox, "GATHER_SECONDS", 3600)
    scheduled: list[SessionInbox] = []
    box = SessionInbox(Held(kit.session_id, 7, kit.node_id), scheduled.append)
    box.put(entry(1))
    box.written(inbox.BUSY_CHANGES)
    assert scheduled == [box]
    if hurry == "a full batch":
        box.put(Incoming(tuple(MessagesDeleted(0, (number,)) for number in range(inbox.MAX_CHANGES))))
    else:
        flushing = asyncio.create_task(box.flush())
        await asyncio.sleep(0)
        flushing.cancel()
    assert scheduled == [box] * 2
