"""Leases: taking, beating, losing, taking over; on a clock of the test's own."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import connection

from apps.chats.services.record.sql import HOLD
from apps.commands.services.leases import LEASE_SECONDS, TAKE_OVER_SECONDS, Held, LeaseLost
from apps.sessions.models import Session, SessionEvent, SessionStatus
from apps.sessions.services.status import Change
from tests.kit.leases import FakeClock, look, node, two_accounts, watch
from tgadmin.gateway import database
from tgadmin.gateway.accounts import handover
from tgadmin.gateway.ownership import identity
from tgadmin.gateway.ownership.lease import LEFT_SECONDS, NodeRemoved


@pytest.fixture
def network(db: None) -> Iterator[str]:
    with two_accounts() as name:
        yield name


@pytest.fixture
async def conn(network: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    opened = await database.connect(database.parameters(uuid.uuid4()))
    yield opened
    await opened.close()


async def test_free_sessions_are_dealt_to_the_gateways_by_their_room(
    conn: psycopg.AsyncConnection[Any], network: str
) -> None:
    clock = FakeClock()
    one, other = await node(conn, network, clock), await node(conn, network, clock)
    assert [await look(one, conn), await look(one, conn), await look(other, conn)] == [[1], [], [1]]
    assert one.held.keys().isdisjoint(other.held)
    await other.retire(conn)
    assert await look(one, conn) == [2]  # the fence grows each time


async def test_the_capacity_is_obeyed(conn: psycopg.AsyncConnection[Any], network: str) -> None:
    clock = FakeClock()
    small = await node(conn, network, clock, capacity=1)
    assert await look(small, conn) == [1]
    assert await watch(small, conn, clock, 20) == []


async def test_what_the_one_it_was_dealt_to_does_not_take_is_taken_by_another(
    conn: psycopg.AsyncConnection[Any], network: str
) -> None:
    clock = FakeClock()
    await node(conn, network, clock)  # beats once, then says nothing more
    taker = await node(conn, network, clock)
    assert await look(taker, conn) == [1]
    assert await watch(taker, conn, clock, LEFT_SECONDS) == [1]


async def test_sessions_move_to_a_gateway_that_comes_and_not_back(
    conn: psycopg.AsyncConnection[Any], network: str
) -> None:
    clock = FakeClock()
    full = await node(conn, network, clock)
    assert await look(full, conn) == [1, 1]
    assert full.to_move(2) == 0  # nobody else is there
    come = await node(conn, network, clock)
    moved = []
    for _ in range(10):
        clock.time += 1
        for leases in (full, come):
            await leases.heartbeat(conn)
            await look(leases, conn)
        if count := full.to_move(2):
            moved.append(count)
            await full.release(conn, sorted(full.held)[:count])
            assert await look(full, conn) == []  # what was given up is for the other one
            assert await look(come, conn) == [2]
        assert come.to_move(2) == 0
    assert moved == [1]


async def test_a_release_that_failed_is_still_to_be_done(conn: psycopg.AsyncConnection[Any], network: str) -> None:
    leases = await node(conn, network, FakeClock())
    await look(leases, conn)
    sessions = list(leases.held)
    broken = await database.connect(database.parameters(uuid.uuid4()))
    await broken.close()
    with pytest.raises(psycopg.Error):
        await leases.release(broken, sessions)
    assert sorted(leases.given_up) == sorted(sessions)
    assert await look(leases, conn) == []
    await leases.release(conn, leases.given_up)
    assert await look(leases, conn) == [2, 2]


async def test_an_expired_lease_allows_nothing_until_the_next_beat(
    conn: psycopg.AsyncConnection[Any], network: str
) -> None:
    leases = await node(conn, network, FakeClock())
    leases.expire()
    assert not leases.allowed()
    await leases.heartbeat(conn)
    assert leases.allowed()


async def test_a_beat_that_was_not_watched_proves_nothing(conn: psycopg.AsyncConnection[Any], network: str) -> None:
    """The database was away for a minute, for the owner as for the taker."""
    clock = FakeClock()
    owner, taker = await node(conn, network, clock), await node(conn, network, clock)
    await watch(owner, conn, clock, LEFT_SECONDS + 1)
    assert len(owner.held) == 2
    await look(taker, conn)
    clock.time += 60
    assert await look(taker, conn) == []
    await owner.heartbeat(conn)
    assert await watch(taker, conn, clock, TAKE_OVER_SECONDS - 1) == []


async def test_the_deadline_counts_from_before_the_beat(conn: psycopg.AsyncConnection[Any], network: str) -> None:
    clock = FakeClock()
    leases = await node(conn, network, clock)
    assert leases.allowed()
    clock.time += LEASE_SECONDS - 0.01
    assert leases.allowed()
    clock.time += 0.01
    assert not leases.allowed()
    await leases.heartbeat(conn)
    assert leases.allowed()


async def test_a_silent_node_is_taken_over_after_the_whole_watch(
    conn: psycopg.AsyncConnection[Any], network: str
) -> None:
    clock = FakeClock()
    frozen = await node(conn, network, clock)
    assert await look(frozen, conn) == [1, 1]
    taker = await node(conn, network, clock)
    assert await look(taker, conn) == []
    assert await watch(taker, conn, clock, TAKE_OVER_SECONDS - 0.1) == []
    await frozen.heartbeat(conn)  # alive after all: the watch begins again
    assert await watch(taker, conn, clock, TAKE_OVER_SECONDS - 0.1) == []
    assert await watch(taker, conn, clock, 1.2) == [2, 2]
    sessions = set(taker.held)
    assert await frozen.heartbeat(conn) == sessions  # thawed: it learns that it holds nothing any more
    assert frozen.held == {}


async def test_what_a_silent_node_has_locked_half_way_through_a_pipeline_is_set_free(
    conn: psycopg.AsyncConnection[Any], network: str
) -> None:
    """In the middle of a pipeline a transaction is not idle for the server, which would wait for the rest for ever."""
    clock = FakeClock()
    frozen = await node(conn, network, clock)
    await look(frozen, conn)
    held = next(iter(frozen.held.values()))
    taker = await node(conn, network, clock)
    await look(taker, conn)
    writing = await database.connect(database.parameters(frozen.identity.id))
    shown = await (await writing.execute("SHOW server_version_num")).fetchone()
    if shown is not None and int(shown[0]) >= 170000:
        limit = await (await writing.execute("SHOW transaction_timeout")).fetchone()
        assert limit == (f"{database.TRANSACTION_MS // 1000}s",)
        await writing.execute("SET transaction_timeout = 0")  # as before PostgreSQL 17
    await writing.execute("SET idle_in_transaction_session_timeout = 100")
    taken: list[int] = []
    with contextlib.suppress(psycopg.OperationalError):  # its connection is gone when it comes to commit
        async with writing.pipeline(), writing.transaction():
            holding = await writing.execute(HOLD, (held.session_id, held.node_id, held.fence))
            assert await holding.fetchone() == (1,)
            taken += await watch(taker, conn, clock, TAKE_OVER_SECONDS + 1)
    assert taken == [2, 2]
    assert writing.closed


async def test_a_beat_between_watching_and_taking_wins(conn: psycopg.AsyncConnection[Any], network: str) -> None:
    clock = FakeClock()
    slow = await node(conn, network, clock)
    await look(slow, conn)
    taker = await node(conn, network, clock)
    await look(taker, conn)
    await watch(taker, conn, clock, TAKE_OVER_SECONDS - 0.5)
    clock.time += 0.6
    seen = await taker.scan(conn)
    await slow.heartbeat(conn)
    assert await taker.take(conn, seen) == []


async def test_a_proven_death_needs_no_watch(conn: psycopg.AsyncConnection[Any], network: str) -> None:
    clock = FakeClock()
    dead = await node(conn, network, clock, boot=identity.boot())
    await look(dead, conn)
    taker = await node(conn, network, clock)
    # It registered with this very process's pid: alive, so nothing is proven.
    assert await look(taker, conn) == []
    await conn.execute("UPDATE gateway_nodes SET pid_started = pid_started - 1 WHERE id = %s", (dead.identity.id,))
    assert await look(taker, conn) == [2, 2]


async def test_a_node_that_stops_is_dealt_nothing(conn: psycopg.AsyncConnection[Any], network: str) -> None:
    clock = FakeClock()
    stopping_one, other = await node(conn, network, clock), await node(conn, network, clock)
    await stopping_one.resign(conn)
    assert await look(other, conn) == [1, 1]  # without waiting for the other to take its part


async def test_the_next_look_comes_when_the_watch_is_over(conn: psycopg.AsyncConnection[Any], network: str) -> None:
    clock = FakeClock()
    silent = await node(conn, network, clock)
    await look(silent, conn)
    taker = await node(conn, network, clock)
    await look(taker, conn)
    assert taker.next_scan(1.0) == 1.0
    await watch(taker, conn, clock, TAKE_OVER_SECONDS - 0.25)
    assert taker.next_scan(1.0) == pytest.approx(0.25)
    clock.time += taker.next_scan(1.0) + 0.001
    assert await look(taker, conn) == [2, 2]


async def test_what_has_ended_may_send_nothing_ever_again(conn: psycopg.AsyncConnection[Any], network: str) -> None:
    leases = await node(conn, network, FakeClock())
    leases.end()
    await leases.heartbeat(conn)
    assert not leases.allowed()


async def test_a_lease_whose_taking_was_not_answered_is_adopted_after_two_beats(
    conn: psycopg.AsyncConnection[Any], network: str
) -> None:
    leases = await node(conn, network, FakeClock())
    await look(leases, conn)
    known = dict(leases.held)
    leases.held.clear()
    await leases.heartbeat(conn)
    assert leases.held == {}
    await leases.heartbeat(conn)
    assert leases.held == known
    for session_id in known:
        leases.give_up(session_id)
    await leases.heartbeat(conn)
    await leases.heartbeat(conn)
    assert leases.held == {}


async def test_a_removed_node_may_not_go_on(conn: psycopg.AsyncConnection[Any], network: str) -> None:
    leases = await node(conn, network, FakeClock())
    await look(leases, conn)
    await leases.retire(conn)
    with pytest.raises(NodeRemoved):
        await leases.heartbeat(conn)
    owners = await conn.execute(
        "SELECT DISTINCT l.owner_id FROM telegram_leases l JOIN telegram_sessions s ON s.id = l.session_id "
        "WHERE s.network = %s",
        (network,),
    )
    assert await owners.fetchall() == [(None,)]


async def test_what_is_wanted(conn: psycopg.AsyncConnection[Any], network: str) -> None:
    leases = await node(conn, network, FakeClock())
    first, second = sorted(await leases.scan(conn), key=lambda one: one.session_id)
    assert first.authorization_id is not None
    await conn.execute("UPDATE telegram_sessions SET enabled = false WHERE id = %s", (first.session_id,))
    await conn.execute(
        "DELETE FROM telegram_authorization_secrets WHERE authorization_id = %s", (second.authorization_id,)
    )
    assert await leases.scan(conn) == []
    for kind in ("send", "log_out"):
        await conn.execute(
            "INSERT INTO telegram_commands (session_id, kind, lane, payload, state, error_code, attempts, created_at) "
            "VALUES (%s, %s, 'account', '{}', 'queued', '', 0, now())",
            (first.session_id if kind == "log_out" else second.session_id, kind),
        )
    wanted = await leases.scan(conn)
    assert [(one.session_id, one.authorization_id) for one in wanted] == [(first.session_id, None)]


async def test_a_gateway_that_has_lost_a_session_does_not_say_how_it_is(
    conn: psycopg.AsyncConnection[Any], network: str
) -> None:
    leases = await node(conn, network, FakeClock())
    await look(leases, conn)
    stale = next(iter(leases.held.values()))
    await leases.release(conn, list(leases.held))
    await look(leases, conn)
    fresh = leases.held[stale.session_id]

    def say(held: Held, to: SessionStatus) -> str:
        try:
            handover.change(held, Change(held.session_id, to))
            return str(Session.objects.get(pk=held.session_id).status)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as outside:
        assert outside.submit(say, fresh, SessionStatus.READY).result() == SessionStatus.READY
        with pytest.raises(LeaseLost):
            outside.submit(say, stale, SessionStatus.DISCONNECTED).result()
        assert outside.submit(say, fresh, SessionStatus.READY).result() == SessionStatus.READY


async def test_statuses_of_many_are_written_at_once_and_wait_for_nobody(
    conn: psycopg.AsyncConnection[Any], network: str
) -> None:
    leases = await node(conn, network, FakeClock())
    await look(leases, conn)
    first, second = leases.held.values()
    stale = replace(second, fence=second.fence - 1)

    def say(*held: Held) -> set[Held]:
        try:
            steps = (SessionStatus.CONNECTING, SessionStatus.READY)
            return handover.change_all([(one, Change(one.session_id, to)) for one in held for to in steps])
        finally:
            connection.close()

    def statuses(held: Held) -> tuple[str, list[str]]:
        try:
            events = SessionEvent.objects.filter(session_id=held.session_id).order_by("id")
            return Session.objects.get(pk=held.session_id).status, list(events.values_list("kind", flat=True))
        finally:
            connection.close()

    other = await database.connect(database.parameters(uuid.uuid4()))
    with ThreadPoolExecutor(1) as outside:
        async with other.transaction():  # somebody has the first one's row for long
            await other.execute("SELECT 1 FROM telegram_sessions WHERE id = %s FOR UPDATE", (first.session_id,))
            assert outside.submit(say, first, stale).result(20) == set()
            assert outside.submit(say, first, second).result(20) == {second}
        assert outside.submit(say, first, second).result(20) == {first, second}
        both = (SessionStatus.READY, ["status.connecting", "status.ready"])
        assert outside.submit(statuses, first).result() == both
        # Said twice: the row ends where it was, each step is a line.
        assert outside.submit(statuses, second).result()[0] == SessionStatus.READY
    await other.close()
