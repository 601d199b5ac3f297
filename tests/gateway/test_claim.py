"""The claim: order within a lane, lanes beside each other, doubt, places."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from apps.commands.command_kinds import SPECS, CommandKind, kind_of
from apps.sessions.models import SessionGrant
from apps.staff.roles import Role
from tests.kit.record import Kit, kit, leased
from tgadmin.core.errors.refusals import Lack
from tgadmin.gateway import database
from tgadmin.gateway.commands.claim import Claimed, Slots, claim

__all__ = ["kit", "leased"]


class Bus:
    """Short ways to queue and claim for one session."""

    def __init__(self, kit: Kit, conn: psycopg.AsyncConnection[Any]) -> None:
        self.kit, self.conn = kit, conn

    async def add(
        self, lane: str, kind: str = "send", *, state: str = "queued", wait: int = 0, user: User | None = None
    ) -> int:
        query = (
            "INSERT INTO telegram_commands (session_id, kind, lane, payload, state, error_code, attempts, created_at, "
            "not_before, created_by_id) "
            "VALUES (%s, %s, %s, '{}', %s, '', 0, now(), now() + make_interval(secs => %s), %s) RETURNING id"
        )
        by = None if user is None else user.pk
        return int((await self.kit.rows(query, self.kit.session_id, kind, lane, state, wait, by))[0]["id"])

    async def claim(self, *running: int, connected: bool = True, quick: int = 8, slow: int = 2) -> list[Claimed]:
        return await claim(
            self.conn,
            self.kit.node_id,
            [Slots(self.kit.session_id, connected, quick, slow)],
            running,
        )

    async def settle(self, command: int) -> None:
        await self.conn.execute("UPDATE telegram_commands SET state = 'done' WHERE id = %s", (command,))


@pytest.fixture
async def bus(kit: Kit) -> AsyncIterator[Bus]:
    conn = await database.connect(database.parameters(uuid.uuid4()))
    yield Bus(kit, conn)
    await conn.close()


def ids(claimed: list[Claimed]) -> list[int]:
    return [one.id for one in claimed]


async def test_one_at_a_time_in_each_lane_in_the_order_of_ids(bus: Bus) -> None:
    a1, b1, a2 = await bus.add("chat:1"), await bus.add("chat:2"), await bus.add("chat:1")
    first = await bus.claim()
    assert ids(first) == [a1, b1]
    assert [(one.fence, one.attempts, one.unknown) for one in first] == [(7, 1, False), (7, 1, False)]
    assert await bus.claim(a1, b1) == []
    await bus.settle(a1)
    assert ids(await bus.claim(b1)) == [a2]


async def test_what_somebody_else_left_claimed_is_in_doubt(bus: Bus) -> None:
    left = await bus.add("chat:1", state="claimed")
    await bus.add("chat:1")
    claimed = await bus.claim()
    assert [(one.id, one.unknown) for one in claimed] == [(left, True)]


async def test_a_head_that_waits_holds_its_lane(bus: Bus) -> None:
    await bus.add("chat:1", wait=60)
    await bus.add("chat:1")
    doubtful = await bus.add("chat:2", state="claimed", wait=60)
    other = await bus.add("chat:3")
    assert ids(await bus.claim()) == [other]
    await bus.conn.execute("UPDATE telegram_commands SET not_before = now() WHERE id = %s", (doubtful,))
    assert ids(await bus.claim(other)) == [doubtful]


async def test_places_for_quick_and_slow_kinds(bus: Bus) -> None:
    slow = [await bus.add(f"history:{number}", "history") for number in range(3)]
    quick = [await bus.add(f"chat:{number}") for number in range(3)]
    assert ids(await bus.claim(quick=2, slow=1)) == sorted([slow[0], *quick[:2]])
    assert await bus.claim(slow[0], *quick[:2], quick=0, slow=0) == []


async def test_without_a_connected_account_only_what_needs_none(bus: Bus) -> None:
    await bus.add("chat:1")
    log_out = await bus.add("account", "log_out")
    assert ids(await bus.claim(connected=False)) == [log_out]


async def test_without_the_lease_nothing(bus: Bus) -> None:
    await bus.add("chat:1")
    await bus.conn.execute("UPDATE telegram_leases SET owner_id = NULL WHERE session_id = %s", (bus.kit.session_id,))
    assert await bus.claim() == []


async def test_a_locked_head_is_skipped(bus: Bus) -> None:
    locked, free = await bus.add("chat:1"), await bus.add("chat:2")
    holder = await bus.kit.conn()
    async with holder.transaction():
        await holder.execute("SELECT 1 FROM telegram_commands WHERE id = %s FOR UPDATE", (locked,))
        assert ids(await bus.claim()) == [free]
    assert ids(await bus.claim(free)) == [locked]


async def test_a_long_lane_is_hopped_over(bus: Bus) -> None:
    await bus.conn.execute(
        "INSERT INTO telegram_commands (session_id, kind, lane, payload, state, error_code, attempts, created_at) "
        "SELECT %s, 'send', 'chat:' || (n %% 3), '{}', 'queued', '', 0, now() FROM generate_series(1, 6000) n",
        (bus.kit.session_id,),
    )
    await bus.conn.execute("ANALYZE telegram_commands")
    assert len(await bus.claim()) == 3


async def test_each_claim_asks_for_the_right_again(bus: Bus) -> None:
    user = await User.objects.acreate(username="oda", is_staff=True)
    right = await SessionGrant.objects.acreate(session_id=bus.kit.session_id, user=user, role=Role.OPERATOR)
    command = await bus.add("chat:1", user=user)
    assert [(one.id, one.lack, one.user_id) for one in await bus.claim()] == [(command, Lack.NOTHING, user.pk)]
    await right.adelete()
    assert [(one.id, one.lack, one.unknown) for one in await bus.claim()] == [(command, Lack.ROLE, True)]
    await SessionGrant.objects.acreate(session_id=bus.kit.session_id, user=user, role=Role.VIEWER)
    assert [one.lack for one in await bus.claim()] == [Lack.ROLE]
    await SessionGrant.objects.filter(user=user).aupdate(role=Role.OPERATOR)
    assert [one.lack for one in await bus.claim()] == [Lack.NOTHING]
    await sync_to_async(user.delete)()
    assert [one.lack for one in await bus.claim()] == [Lack.GONE]


@pytest.mark.parametrize("origin", ["person", "system"])
async def test_no_kind_runs_without_somebodys_right_unless_that_is_declared(bus: Bus, origin: str) -> None:
    """Neither a person who has none, nor one who is no user, nor what is only marked as the system's."""
    wanted = {}
    for kind in [*CommandKind, "unheard_of"]:
        wanted[await bus.add(f"lane:{kind}", kind)] = kind
    await bus.conn.execute("UPDATE telegram_commands SET origin = %s", (origin,))
    claimed = await bus.claim(quick=100, slow=100)
    assert {one.id for one in claimed} == set(wanted)
    for one in claimed:
        kind = kind_of(wanted[one.id])
        need = None if kind is None else SPECS[kind].need
        free = need is not None and (need.role is None if origin == "person" else need.system)
        lack = Lack.NOTHING if free else Lack.GONE if origin == "person" else Lack.NOT_OURS
        assert one.lack == lack, one.kind
