"""Gateways that died long ago and left their rows: nothing is dealt to them, and their rows go."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest

from apps.commands.services.leases import TAKE_OVER_SECONDS
from tests.kit.leases import FakeClock, look, node, two_accounts, watch
from tgadmin.gateway import database
from tgadmin.gateway.ownership.lease import SILENT_SECONDS, Leases, NodeRemoved
from tgadmin.gateway.ownership.old_nodes import OLD_SECONDS, POLL_SECONDS, OldNodes

Connection = psycopg.AsyncConnection[Any]


@pytest.fixture
def network(db: None) -> Iterator[str]:
    with two_accounts() as name:
        yield name


@pytest.fixture
async def conn(network: str) -> AsyncIterator[Connection]:
    opened = await database.connect(database.parameters(uuid.uuid4()))
    yield opened
    await opened.close()


async def ghost(conn: Connection, network: str, seconds: float) -> Leases:
    """A gateway whose last heartbeat was so long ago, by the database's clock; negative: in its future."""
    leases = await node(conn, network, FakeClock())
    await set_age(conn, leases, seconds)
    return leases


async def set_age(conn: Connection, leases: Leases, seconds: float) -> None:
    await conn.execute(
        "UPDATE gateway_nodes SET beat_at = now() - make_interval(secs => %s) WHERE id = %s",
        (seconds, leases.identity.id),
    )


async def remains(conn: Connection, leases: Leases) -> bool:
    found = await conn.execute("SELECT 1 FROM gateway_nodes WHERE id = %s", (leases.identity.id,))
    return await found.fetchone() is not None


async def owners(conn: Connection, network: str) -> set[uuid.UUID | None]:
    found = await conn.execute(
        "SELECT l.owner_id FROM telegram_leases l JOIN telegram_sessions s ON s.id = l.session_id WHERE s.network = %s",
        (network,),
    )
    return {row[0] for row in await found.fetchall()}


@pytest.mark.parametrize("seconds", [SILENT_SECONDS + 0.5, 60, 86_000, 10 * 86_400])
async def test_nothing_is_dealt_to_gateways_that_died_before_this_one_came(
    conn: Connection, network: str, seconds: float
) -> None:
    for _ in range(3):
        await ghost(conn, network, seconds)
    taker = await node(conn, network, FakeClock())
    assert await look(taker, conn) == [1, 1]  # all of them, at the first look


async def test_a_gateway_that_beat_a_moment_ago_is_dealt_its_part(conn: Connection, network: str) -> None:
    clock = FakeClock()
    await ghost(conn, network, 1.0)
    taker = await node(conn, network, clock)
    assert await look(taker, conn) == [1]
    assert await watch(taker, conn, clock, SILENT_SECONDS) == [1]


@pytest.mark.parametrize("seconds", [3600, -3600])
async def test_a_jump_of_the_databases_clock_takes_nothing_over(conn: Connection, network: str, seconds: float) -> None:
    """It may leave a live gateway out of the dealing for a heartbeat; what that one holds stays its own."""
    clock = FakeClock()
    owner = await node(conn, network, clock)
    assert await look(owner, conn) == [1, 1]
    await set_age(conn, owner, seconds)
    taker = await node(conn, network, clock)
    assert await watch(taker, conn, clock, TAKE_OVER_SECONDS - 1) == []
    await owner.heartbeat(conn)
    assert await look(taker, conn) == []
    await owner.release(conn, list(owner.held))
    assert await look(taker, conn) == [2]  # dealt its part again
    assert await look(owner, conn) == [2]


async def test_what_a_ghost_still_held_is_taken_over_after_the_whole_watch_only(conn: Connection, network: str) -> None:
    clock = FakeClock()
    dead = await node(conn, network, clock)
    assert await look(dead, conn) == [1, 1]
    await set_age(conn, dead, 86_000)
    taker = await node(conn, network, clock)
    assert await look(taker, conn) == []
    assert await watch(taker, conn, clock, TAKE_OVER_SECONDS - 0.1) == []
    assert await watch(taker, conn, clock, 0.2) == [2, 2]


async def test_the_row_of_a_gateway_that_is_dead_for_an_hour_goes(conn: Connection, network: str) -> None:
    """Of whatever network; the leases that it still had are free."""
    clock = FakeClock()
    dead, elsewhere = await node(conn, network, clock), await ghost(conn, "another", OLD_SECONDS + 1)
    recent = await ghost(conn, network, OLD_SECONDS - 60)
    assert await look(dead, conn) == [1, 1]
    await set_age(conn, dead, OLD_SECONDS + 1)
    await conn.execute("UPDATE telegram_sessions SET enabled = false WHERE network = %s", (network,))
    old_nodes = OldNodes()
    assert (
        await old_nodes.look(conn, uuid.uuid4(), clock.time) == 0
    )  # seen once: it may live, and the database's clock have jumped
    clock.time += POLL_SECONDS
    assert await old_nodes.look(conn, uuid.uuid4(), clock.time) == 2
    assert [await remains(conn, one) for one in (dead, elsewhere, recent)] == [False, False, True]
    assert await owners(conn, network) == {None}
    with pytest.raises(NodeRemoved):  # frozen for an hour: it begins again
        await dead.heartbeat(conn)


async def test_a_gateway_that_lives_is_not_removed_whatever_the_databases_clock_says(
    conn: Connection, network: str
) -> None:
    clock = FakeClock()
    alive = await ghost(conn, network, OLD_SECONDS * 2)
    old_nodes = OldNodes()
    assert await old_nodes.look(conn, uuid.uuid4(), clock.time) == 0
    await alive.heartbeat(conn)
    await set_age(conn, alive, OLD_SECONDS * 2)  # and the clock jumps again
    clock.time += POLL_SECONDS
    assert await old_nodes.look(conn, uuid.uuid4(), clock.time) == 0
    assert await remains(conn, alive)
