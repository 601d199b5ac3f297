"""One owner per session: the node's heartbeat, the leases it holds, and taking over those of the dead.

The holder's deadline is the boot clock before its last successful heartbeat plus L; past it ``allowed()`` is false and
nothing may be sent to Telegram. A taker takes what has no owner, what a provably dead process of this host held, or
what a node held whose heartbeat has not moved for L + D + 1 s on the taker's own clock. Clocks of machines are not
compared. Which of them it takes, balance.py says: every gateway deals them out in the same way. The database's clock
counts for one thing only: whether a node that we have not watched yet is worth dealing to.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from apps.commands.command_kinds import WITHOUT_ACCOUNT
from apps.commands.models import Command
from apps.commands.services.leases import LEASE_SECONDS, TAKE_OVER_SECONDS, Held
from apps.common.notify import SESSIONS
from apps.sessions.models import Authorization
from apps.signin.models import SignInAttempt
from tgadmin.core.clock import Clock
from tgadmin.core.sql import literals
from tgadmin.gateway.database import application_name
from tgadmin.gateway.ownership import balance
from tgadmin.gateway.ownership.balance import Load
from tgadmin.gateway.ownership.identity import Identity, is_proven_dead

Connection = psycopg.AsyncConnection[Any]

REGISTER = """
INSERT INTO gateway_nodes (id, name, network, host, boot_id, pid, pid_started, version, capacity, started_at, beat,
    beat_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, now(), 0, now())
"""
HEARTBEAT = "UPDATE gateway_nodes SET beat = beat + 1, beat_at = now() WHERE id = %s"
HELD_BY_NODE = "SELECT session_id, fence FROM telegram_leases WHERE owner_id = %s"

# What should be held by somebody: accounts that can be connected, and sessions with something to do that needs no
# connected account: a sign-in under way, a key to log out.
WANTED = f"""
SELECT s.id, a.id, l.owner_id
FROM telegram_sessions s
LEFT JOIN telegram_authorizations a ON a.session_id = s.id AND a.role = {literals(Authorization.Role.CURRENT)}
    AND s.enabled AND EXISTS (SELECT 1 FROM telegram_authorization_secrets x WHERE x.authorization_id = a.id)
LEFT JOIN telegram_leases l ON l.session_id = s.id
WHERE s.network = %(network)s AND (
    a.id IS NOT NULL
    OR EXISTS (SELECT 1 FROM telegram_commands c WHERE c.session_id = s.id AND c.state IN ({literals(*Command.OPEN)})
        AND c.kind = ANY(%(without_account)s))
    OR EXISTS (SELECT 1 FROM telegram_sign_ins i WHERE i.session_id = s.id
        AND i.step NOT IN ({literals(*SignInAttempt.OVER)}) AND i.updated_at > now() - interval '10 minutes'))
"""  # noqa: S608  names of states
NODES = """
SELECT n.id, n.beat, extract(epoch FROM now() - n.beat_at)::float, n.boot_id, n.pid, n.pid_started, n.capacity,
    n.stopping, (SELECT count(*) FROM telegram_leases l WHERE l.owner_id = n.id)
FROM gateway_nodes n WHERE n.network = %(network)s
"""
OLD = "SELECT id, beat FROM gateway_nodes WHERE beat_at < now() - make_interval(secs => %s) AND id <> %s"
TAKE_FREE = """
INSERT INTO telegram_leases AS l (session_id, owner_id, fence, taken_at)
SELECT s.id, %s, 1, now() FROM telegram_sessions s WHERE s.id = ANY(%s) ORDER BY s.id FOR KEY SHARE
ON CONFLICT (session_id) DO UPDATE SET owner_id = EXCLUDED.owner_id, fence = l.fence + 1, taken_at = now()
WHERE l.owner_id IS NULL
RETURNING l.session_id, l.fence
"""
# The lock on the former owner's row makes its heartbeat wait; it then sees that its leases are gone.
SILENT = "SELECT 1 FROM gateway_nodes WHERE id = %s AND beat = %s FOR UPDATE"
# A transaction of its own that hangs half-way may hold the locks that we, and staff's messages, would wait for.
END_CONNECTIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name = %s
"""
TAKE_OVER = """
UPDATE telegram_leases SET owner_id = %s, fence = fence + 1, taken_at = now()
WHERE owner_id = %s AND session_id = ANY(%s) RETURNING session_id, fence
"""
RELEASE = "UPDATE telegram_leases SET owner_id = NULL WHERE owner_id = %s AND session_id = ANY(%s)"
RETIRE = """
WITH freed AS (UPDATE telegram_leases SET owner_id = NULL WHERE owner_id = %(node)s RETURNING session_id)
SELECT pg_notify(%(channel)s, '0') FROM (SELECT count(*) FROM freed) f
"""
TELL = "SELECT pg_notify(%s, '0')"

WATCH_GAP = 4.0
"""Seconds between two looks beyond which a heartbeat was not watched: the database was away for its owner as well."""
SILENT_SECONDS = LEASE_SECONDS + 1.5
"""A node whose heartbeat has not moved for so long gets no sessions dealt."""
LEFT_SECONDS = 2.0
"""A free session that the one it was dealt to has not taken for so long is for whoever has room."""
MOVE_SECONDS = 2.0
"""Sessions move to a gateway that has come this often, a few at a time."""
SETTLED_SECONDS = 4.0
"""So long a gateway must have been seen before sessions move to it."""


class NodeRemoved(Exception):
    """Somebody removed this node's row: it holds nothing any more and must register again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A session that some gateway should hold. ``authorization_id`` is None when there is nothing to connect."""

    session_id: int
    authorization_id: int | None
    owner_id: UUID | None


@dataclass(frozen=True, slots=True)
class HeartbeatResult:
    """What a heartbeat has found: the leases as the database has them, and what was known and given up when it was
    sent."""

    at: float
    known: Mapping[int, Held]
    given_up: Collection[int]
    stored: Mapping[int, int]

    @property
    def lost(self) -> set[int]:
        return {one for one, held in self.known.items() if self.stored.get(one) != held.fence}


@dataclass(slots=True)
class _Watched:
    """A node as we see it, times on our clock: its heartbeat, since when we have watched it not move, when it last
    moved as far as is known (before our first look: by the database's clock), when we first and last looked.
    ``load`` is None for one that takes nothing any more, ``local_pid`` the pid of a live one on this host."""

    beat: int
    since: float
    moved: float
    first: float
    seen: float
    dead: bool = False
    load: Load | None = None
    local_pid: int | None = None


class Leases:
    """This node's leases. ``heartbeat`` runs on one connection, ``scan`` and the takings on another."""

    def __init__(self, identity: Identity, capacity: int, clock: Clock, *, network: str) -> None:
        self.identity = identity
        self.capacity = capacity
        self.held: dict[int, Held] = {}
        self._clock = clock
        self._network = network
        self._wanted = {"network": network, "without_account": list(WITHOUT_ACCOUNT)}
        self._deadline = 0.0
        self._expired_at = 0.0
        self._nodes: dict[UUID, _Watched] = {}
        self._free_since: dict[int, float] = {}
        self._moved_at = 0.0
        self._unknown: dict[int, int] = {}
        self._given_up: set[int] = set()

    def allowed(self) -> bool:
        """Whether anything may be sent to Telegram now. Asked from any thread."""
        return self._clock.monotonic() < self._deadline

    @property
    def seconds_left(self) -> float:
        return self._deadline - self._clock.monotonic()

    def expire(self) -> None:
        """Nothing may be sent until the next heartbeat: this process can no longer trust its clock."""
        self._expired_at = self._clock.monotonic()
        self._deadline = 0.0

    def end(self) -> None:
        """Nothing may be sent ever again: what is left is about to be given back."""
        self._expired_at = math.inf
        self._deadline = 0.0

    def give_up(self, session_id: int) -> None:
        """Begin nothing more for this session; ``release`` follows once it is quiet."""
        self._given_up.add(session_id)
        self.held.pop(session_id, None)

    @property
    def given_up(self) -> Collection[int]:
        """Sessions whose lease is still to be released."""
        return self._given_up

    async def register(self, conn: Connection, version: str) -> None:
        """Write the node's row, once per process."""
        me = self.identity
        where = (me.host[:255], me.boot, me.pid, me.pid_started)
        await conn.execute(REGISTER, (me.id, me.name[:64], self._network, *where, version, self.capacity))

    async def heartbeat(self, conn: Connection) -> set[int]:
        """One heartbeat for all leases; returns the sessions that were lost. Raises NodeRemoved, psycopg.Error."""
        return self.settle(await self.send_heartbeat(conn))

    async def send_heartbeat(self, conn: Connection) -> HeartbeatResult:
        """The heartbeat itself, from whatever thread; ``settle`` follows on the loop. Raises NodeRemoved,
        psycopg.Error."""
        before = self._clock.monotonic()
        known = dict(self.held)  # before the given up: what is being given back is in one of the two
        given_up = set(self._given_up)
        async with conn.transaction():
            counted = await conn.execute(HEARTBEAT, (self.identity.id,), prepare=True)
            if counted.rowcount != 1:
                raise NodeRemoved
            stored = dict(await (await conn.execute(HELD_BY_NODE, (self.identity.id,), prepare=True)).fetchall())
        found = HeartbeatResult(before, known, given_up, stored)
        if not found.lost:  # else the deadline moves when the loop has let go of them
            self._extend(before)
        return found

    def settle(self, found: HeartbeatResult) -> set[int]:
        """Let go of what a heartbeat has found lost, and take on what it has found ours; returns the sessions lost."""
        lost = {one for one in found.lost if self.held.get(one) == found.known[one]}
        for session_id in lost:
            del self.held[session_id]
        gone = {*found.known, *found.given_up, *self._given_up}
        self._adopt({one: fence for one, fence in found.stored.items() if one not in gone})
        if found.lost:
            self._extend(found.at)
        return lost

    def _extend(self, sent_at: float) -> None:
        """A clock's jump that expired the leases while the heartbeat was under way is not undone by it."""
        if sent_at >= self._expired_at:
            self._deadline = max(self._deadline, sent_at + LEASE_SECONDS)

    def _adopt(self, unknown: dict[int, int]) -> None:
        """A lease may be ours without our knowing: the answer to a taking was lost with its connection. It counts once
        two heartbeats in a row have seen it, so that one just being given back is not taken for it."""
        for session_id, fence in unknown.items():
            if self._unknown.get(session_id) == fence and session_id not in self.held:
                self._hold(session_id, fence)
        self._unknown = unknown

    # --- taking --------------------------------------------------------------------------------------------------

    async def scan(self, conn: Connection) -> list[Wanted]:
        """Every session that a gateway should hold, whoever holds it now; and who there is to hold them."""
        nodes = await (await conn.execute(NODES, self._wanted, prepare=True)).fetchall()
        self._watch(nodes)
        found = await conn.execute(WANTED, self._wanted, prepare=True)
        return [Wanted(*row) for row in await found.fetchall()]

    def _watch(self, rows: Sequence[tuple[Any, ...]]) -> None:
        now = self._clock.monotonic()
        seen: dict[UUID, _Watched] = {}
        for node_id, beat, age, boot, pid, pid_started, capacity, stopping, sessions in rows:
            known = self._nodes.get(node_id)
            # A database whose clock was set back says that it beat in the future.
            watched = known if known is not None else _Watched(beat, now, now - max(0.0, age), now, now)
            if watched.beat != beat or now - watched.seen > WATCH_GAP:
                watched.beat, watched.since, watched.moved = beat, now, now
            watched.seen = now
            is_self = node_id == self.identity.id
            watched.dead = not is_self and is_proven_dead(boot, pid, pid_started)
            watched.load = None if stopping else Load(node_id, capacity, len(self.held) if is_self else sessions)
            near = boot != "" and boot == self.identity.boot and not is_self
            watched.local_pid = pid if near and not watched.dead else None
            seen[node_id] = watched
        self._nodes = seen

    @property
    def local_pids(self) -> set[int]:
        """Processes of this host whose death could be proven at once."""
        return {one.local_pid for one in self._nodes.values() if one.local_pid is not None}

    def next_scan(self, most: float) -> float:
        """Seconds until something may be taken over because of a heartbeat that stands still; ``most`` if that is
        later."""
        now = self._clock.monotonic()
        due = (one.since + TAKE_OVER_SECONDS - now for one in self._nodes.values() if not one.dead)
        return min([most, *(seconds for seconds in due if seconds > 0)])

    def _alive(self, *, for_seconds: float = 0.0) -> list[Load]:
        """Who may be dealt sessions: this node, and those with a heartbeat, seen for so long at least.

        A node that was dead long before this one looked has none: the database's clock says so, which every node writes
        its heartbeat by. Should that clock have jumped, a live node is left out until its next heartbeat, or a dead one
        counts for SILENT_SECONDS; nothing is taken over because of it.
        """
        now = self._clock.monotonic()
        return [
            one.load
            for node_id, one in self._nodes.items()
            if one.load is not None
            and (
                node_id == self.identity.id
                or (not one.dead and now - one.moved < SILENT_SECONDS and now - one.first >= for_seconds)
            )
        ]

    async def take(self, conn: Connection, wanted: Sequence[Wanted]) -> list[Held]:
        """Take what may be taken and was dealt to this node, up to the capacity; returns the new leases."""
        takeable = [one for one in wanted if one.session_id not in self.held and self._may_take(one)]
        dealt = self._dealt_to_me([one.session_id for one in takeable])
        takeable = [one for one in takeable if one.session_id in dealt]
        taken: list[Held] = []
        if free := [one.session_id for one in takeable if one.owner_id is None]:
            found = await conn.execute(TAKE_FREE, (self.identity.id, free))
            taken += [self._hold(*row) for row in await found.fetchall()]
        for owner in {one.owner_id for one in takeable if one.owner_id is not None}:
            sessions = [one.session_id for one in takeable if one.owner_id == owner]
            taken += await self._take_over(conn, owner, self._nodes[owner].beat, sessions)
        return taken

    def _dealt_to_me(self, takeable: Sequence[int]) -> set[int]:
        now = self._clock.monotonic()
        self._free_since = {one: self._free_since.get(one, now) for one in takeable}
        dealt = balance.deal(takeable, self._alive()).get(self.identity.id, [])
        left = [one for one, since in self._free_since.items() if now - since >= LEFT_SECONDS]
        room = max(0, self.capacity - len(self.held))
        return set(dict.fromkeys([*dealt, *sorted(left)][:room]))

    async def _take_over(self, conn: Connection, owner: UUID, beat: int, sessions: list[int]) -> list[Held]:
        async with conn.transaction():
            silent = await conn.execute(SILENT, (owner, beat))
            if await silent.fetchone() is None:
                return []
            await conn.execute(END_CONNECTIONS, (application_name(owner),))
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
        watched = self._nodes.get(owner)
        if owner == self.identity.id or watched is None:  # ours: being given back, or adopted after the next heartbeats
            return False
        return watched.dead or self._clock.monotonic() - watched.since >= TAKE_OVER_SECONDS

    # --- giving back ---------------------------------------------------------------------------------------------

    def to_move(self, wanted: int) -> int:
        """How many sessions to give up now so that others, who have room, take them: a few at a time."""
        now = self._clock.monotonic()
        if now - self._moved_at < MOVE_SECONDS:
            return 0
        self._moved_at = now
        return balance.too_many(self.identity.id, self._alive(for_seconds=SETTLED_SECONDS), wanted)

    async def release(self, conn: Connection, sessions: Collection[int]) -> None:
        """Give leases back cleanly: the next holder need not wait. Raises psycopg.Error; then they stay given up."""
        for session_id in sessions:
            self.give_up(session_id)
        await conn.execute(RELEASE, (self.identity.id, list(sessions)))
        self.released(sessions)
        await conn.execute(TELL, (SESSIONS,))

    async def resign(self, conn: Connection) -> None:
        """This node is about to stop: nobody deals it anything any more. Raises psycopg.Error."""
        await conn.execute("UPDATE gateway_nodes SET stopping = true WHERE id = %s", (self.identity.id,))

    def released(self, sessions: Collection[int]) -> None:
        """The leases of these sessions, which had been given up, have been given back."""
        self._given_up.difference_update(sessions)

    async def retire(self, conn: Connection) -> None:
        """Give back everything that is left and remove the node's row."""
        self._given_up.update(self.held)
        self.held.clear()
        async with conn.transaction():
            await conn.execute(RETIRE, {"node": self.identity.id, "channel": SESSIONS})
            await conn.execute("DELETE FROM gateway_nodes WHERE id = %s", (self.identity.id,))
        self._given_up.clear()
