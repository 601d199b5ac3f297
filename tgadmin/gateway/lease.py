"""One owner per session: the node's beat, the leases it holds, and taking over those of the dead.

The holder's deadline is the boot clock before its last successful beat plus L; past it ``allowed()`` is false and
nothing may be sent to Telegram. A taker takes what has no owner, what a provably dead process of this host held, or
what a node held whose beat has not moved for L + D + 1 s on the taker's own clock. Clocks of machines are not compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from apps.sessions.services.leases import LEASE_SECONDS, TAKE_OVER_SECONDS, Held
from tgadmin.core.clock import Clock
from tgadmin.gateway.identity import Identity, is_proven_dead

Connection = psycopg.AsyncConnection[Any]

REGISTER = """
INSERT INTO gateway_nodes (id, name, host, boot_id, pid, pid_started, version, capacity, started_at, beat, beat_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now(), 0, now())
"""
FORGET_OLD_NODES = """
DELETE FROM gateway_nodes n WHERE n.beat_at < now() - interval '1 day'
    AND NOT EXISTS (SELECT 1 FROM telegram_leases l WHERE l.owner_id = n.id)
"""
BEAT = "UPDATE gateway_nodes SET beat = beat + 1, beat_at = now() WHERE id = %s"
MINE = "SELECT session_id, fence FROM telegram_leases WHERE owner_id = %s"

# What should be held by somebody: accounts that can be connected, and sessions with something to do that needs no
# connected account: a sign-in under way, a key to log out.
WANTED = """
SELECT s.id, a.id, l.owner_id, n.beat, n.boot_id, n.pid, n.pid_started
FROM telegram_sessions s
LEFT JOIN telegram_authorizations a ON a.session_id = s.id AND a.role = 'current' AND s.enabled
    AND EXISTS (SELECT 1 FROM telegram_authorization_secrets x WHERE x.authorization_id = a.id)
LEFT JOIN telegram_leases l ON l.session_id = s.id
LEFT JOIN gateway_nodes n ON n.id = l.owner_id
WHERE s.network = %(network)s AND (
    a.id IS NOT NULL
    OR EXISTS (SELECT 1 FROM telegram_commands c WHERE c.session_id = s.id AND c.state IN ('queued', 'claimed')
        AND c.kind = ANY(%(without_account)s))
    OR EXISTS (SELECT 1 FROM telegram_sign_ins i WHERE i.session_id = s.id
        AND i.step NOT IN ('done', 'failed', 'cancelled') AND i.updated_at > now() - interval '10 minutes'))
"""
TAKE_FREE = """
INSERT INTO telegram_leases AS l (session_id, owner_id, fence, taken_at)
SELECT s.id, %s, 1, now() FROM telegram_sessions s WHERE s.id = ANY(%s) ORDER BY s.id FOR KEY SHARE
ON CONFLICT (session_id) DO UPDATE SET owner_id = EXCLUDED.owner_id, fence = l.fence + 1, taken_at = now()
WHERE l.owner_id IS NULL
RETURNING l.session_id, l.fence
"""
# The lock on the former owner's row makes a beat of his wait; he then sees that his leases are gone.
SILENT = "SELECT 1 FROM gateway_nodes WHERE id = %s AND beat = %s FOR UPDATE"
TAKE_OVER = """
UPDATE telegram_leases SET owner_id = %s, fence = fence + 1, taken_at = now()
WHERE owner_id = %s AND session_id = ANY(%s) RETURNING session_id, fence
"""
RELEASE = "UPDATE telegram_leases SET owner_id = NULL WHERE owner_id = %s AND session_id = ANY(%s)"


class NodeRemoved(Exception):  # noqa: N818  what happened
    """Somebody removed this node's row: it holds nothing any more and must register again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A session that some gateway should hold. ``authorization_id`` is None when there is nothing to connect."""

    session_id: int
    authorization_id: int | None
    owner_id: UUID | None
    beat: int | None
    boot: str
    pid: int
    pid_started: float


class Leases:
    """This node's leases. ``beat`` runs on one connection, ``scan`` and the takings on another."""

    def __init__(
        self, identity: Identity, capacity: int, clock: Clock, *, network: str, without_account: Sequence[str]
    ):
        self.identity = identity
        self.capacity = capacity
        self.held: dict[int, Held] = {}
        self._clock = clock
        self._wanted = {"network": network, "without_account": list(without_account)}
        self._deadline = 0.0
        self._watched: dict[UUID, tuple[int, float]] = {}
        self._unknown: dict[int, int] = {}
        self._given_up: set[int] = set()
        self._good = asyncio.Event()

    def allowed(self) -> bool:
        """Whether anything may be sent to Telegram now."""
        return self._clock.monotonic() < self._deadline

    @property
    def seconds_left(self) -> float:
        return self._deadline - self._clock.monotonic()

    async def regained(self) -> None:
        """Wait, past the deadline, for the next beat that succeeds."""
        self._good.clear()
        while not self.allowed():
            await self._good.wait()
            self._good.clear()

    def give_up(self, session_id: int) -> None:
        """Begin nothing more for this session; ``release`` follows once it is quiet."""
        self._given_up.add(session_id)
        self.held.pop(session_id, None)

    async def register(self, conn: Connection, version: str) -> None:
        """Write the node's row, once per process; forget nodes that are long gone."""
        me = self.identity
        row = (me.id, me.name[:64], me.host[:255], me.boot, me.pid, me.pid_started, version, self.capacity)
        await conn.execute(REGISTER, row)
        await conn.execute(FORGET_OLD_NODES)

    async def beat(self, conn: Connection) -> set[int]:
        """Beat once for all leases; returns the sessions that were lost. Raises NodeRemoved, psycopg.Error."""
        before = self._clock.monotonic()
        known = dict(self.held)
        async with conn.transaction():
            beaten = await conn.execute(BEAT, (self.identity.id,), prepare=True)
            if beaten.rowcount != 1:
                raise NodeRemoved
            mine = dict(await (await conn.execute(MINE, (self.identity.id,), prepare=True)).fetchall())
        self._deadline = before + LEASE_SECONDS
        self._good.set()
        lost = {one for one, held in known.items() if mine.get(one) != held.fence and self.held.get(one) == held}
        for session_id in lost:
            del self.held[session_id]
        self._adopt({one: fence for one, fence in mine.items() if one not in known and one not in self._given_up})
        return lost

    def _adopt(self, unknown: dict[int, int]) -> None:
        """A lease may be ours without our knowing: the answer to a taking was lost with its connection. It counts once
        two beats in a row have seen it, so that one just being given back is not taken for it."""
        for session_id, fence in unknown.items():
            if self._unknown.get(session_id) == fence and session_id not in self.held:
                self._hold(session_id, fence)
        self._unknown = unknown

    async def scan(self, conn: Connection) -> list[Wanted]:
        """Every session that a gateway should hold, whoever holds it now."""
        found = await conn.execute(WANTED, self._wanted, prepare=True)
        return [
            Wanted(row[0], row[1], row[2], row[3], row[4] or "", row[5] or 0, row[6] or 0.0)
            for row in await found.fetchall()
        ]

    async def take(self, conn: Connection, wanted: Sequence[Wanted]) -> list[Held]:
        """Take what may be taken, up to the capacity; returns the new leases."""
        takeable = [one for one in wanted if one.session_id not in self.held and self._may_take(one)]
        takeable = takeable[: max(0, self.capacity - len(self.held))]
        taken: list[Held] = []
        if free := [one.session_id for one in takeable if one.owner_id is None]:
            found = await conn.execute(TAKE_FREE, (self.identity.id, free))
            taken += [self._hold(*row) for row in await found.fetchall()]
        owners = {one.owner_id: one.beat for one in takeable if one.owner_id is not None}
        for owner, beat in owners.items():
            sessions = [one.session_id for one in takeable if one.owner_id == owner]
            taken += await self._take_over(conn, owner, beat, sessions)
        return taken

    async def _take_over(self, conn: Connection, owner: UUID, beat: int | None, sessions: list[int]) -> list[Held]:
        async with conn.transaction():
            silent = await conn.execute(SILENT, (owner, beat))
            if await silent.fetchone() is None:
                return []
            found = await conn.execute(TAKE_OVER, (self.identity.id, owner, sessions))
            rows = await found.fetchall()
        return [self._hold(*row) for row in rows]

    def _hold(self, session_id: int, fence: int) -> Held:
        held = self.held[session_id] = Held(session_id, fence, self.identity.id)
        return held

    def _may_take(self, wanted: Wanted) -> bool:
        owner = wanted.owner_id
        if owner is None:
            return True
        if owner == self.identity.id or wanted.beat is None:  # ours: being given back, or adopted by the next beats
            return False
        if is_proven_dead(wanted.boot, wanted.pid, wanted.pid_started):
            return True
        now = self._clock.monotonic()
        beat, since = self._watched.get(owner, (None, now))
        if beat != wanted.beat:
            self._watched[owner] = (wanted.beat, now)
            return False
        return now - since >= TAKE_OVER_SECONDS

    async def release(self, conn: Connection, sessions: Sequence[int]) -> None:
        """Give leases back cleanly: the next holder need not wait."""
        for session_id in sessions:
            self.held.pop(session_id, None)
        await conn.execute(RELEASE, (self.identity.id, list(sessions)))
        self._given_up.difference_update(sessions)

    async def retire(self, conn: Connection) -> None:
        """Give everything back and remove the node's row."""
        await self.release(conn, list(self.held))
        await conn.execute("UPDATE telegram_leases SET owner_id = NULL WHERE owner_id = %s", (self.identity.id,))
        await conn.execute("DELETE FROM gateway_nodes WHERE id = %s", (self.identity.id,))
