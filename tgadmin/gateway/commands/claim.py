"""The claim: which commands run next. One statement, fair between lanes, first in first out within one.

Of each that it claimed it asks then what whoever asked for it lacks by now: a right that was gone before the claim is
never used. The question is a statement of its own, after the claim, whose plan PostgreSQL keeps: within the claim it
would be planned again each time, which takes several times as long as the claim itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from apps.commands.command_kinds import SLOW, SPECS, WITHOUT_ACCOUNT
from apps.commands.models import Command
from apps.sessions.services import rights
from tgadmin.core.errors.refusals import Lack
from tgadmin.core.sql import literals

_OPEN = literals(*Command.OPEN)
_CLAIMED = literals(Command.State.CLAIMED)
# The heads of all lanes are found by hopping from lane to lane on the index "command_open", however long a lane is.
# A head that is claimed, but not by a job that runs here, has an unknown outcome: its holder died or lost its answer.
CLAIM = f"""
WITH RECURSIVE wanted AS (
    SELECT k.session_id, k.connected, k.quick, k.slow
    FROM unnest(%(sessions)s::bigint[], %(connected)s::bool[], %(quick)s::int[], %(slow)s::int[])
        k(session_id, connected, quick, slow)
), heads AS (
    SELECT h.* FROM wanted w CROSS JOIN LATERAL (
        SELECT c.id, c.session_id, c.lane FROM telegram_commands c
        WHERE c.session_id = w.session_id AND c.state IN ({_OPEN}) ORDER BY c.lane, c.id LIMIT 1) h
    UNION ALL
    SELECT n.* FROM heads h CROSS JOIN LATERAL (
        SELECT c.id, c.session_id, c.lane FROM telegram_commands c
        WHERE c.session_id = h.session_id AND c.lane > h.lane AND c.state IN ({_OPEN})
        ORDER BY c.lane, c.id LIMIT 1) n
), due AS (
    SELECT c.id, c.kind = ANY(%(slow_kinds)s) AS is_slow, w.quick, w.slow,
        row_number() OVER (PARTITION BY c.session_id, c.kind = ANY(%(slow_kinds)s) ORDER BY c.id) AS place
    FROM heads h JOIN telegram_commands c ON c.id = h.id JOIN wanted w ON w.session_id = h.session_id
    WHERE c.id <> ALL(%(running)s) AND (c.not_before IS NULL OR c.not_before <= clock_timestamp())
        AND (w.connected OR c.kind = ANY(%(without_account)s))
), chosen AS (
    SELECT c.id, c.state, l.fence FROM due d
    JOIN telegram_commands c ON c.id = d.id
    JOIN telegram_leases l ON l.session_id = c.session_id
    WHERE l.owner_id = %(node)s AND d.place <= CASE WHEN d.is_slow THEN d.slow ELSE d.quick END
        AND c.state IN ({_OPEN})
    ORDER BY c.id FOR UPDATE OF c SKIP LOCKED FOR SHARE OF l
)
UPDATE telegram_commands c SET state = {_CLAIMED}, fence = chosen.fence, claimed_at = clock_timestamp(),
    attempts = c.attempts + 1
FROM chosen WHERE c.id = chosen.id
RETURNING c.id, c.session_id, c.kind, c.lane, c.payload, c.progress, c.attempts, c.created_at, chosen.fence,
    chosen.state = {_CLAIMED}, c.created_by_id, c.asked_by
"""  # noqa: S608  names of states
_LACK = """
SELECT {lack} FROM telegram_commands c LEFT JOIN auth_user u ON u.id = c.created_by_id
    CROSS JOIN (SELECT %s::int AS role, %s::bool AS or_starter, %s::bool AS system) n
WHERE c.id = %s
"""
_UNKNOWN_KIND = (None, False, False)
_NEEDS = {
    kind.value: (int(spec.need.role or 0), spec.need.or_starter, spec.need.system) for kind, spec in SPECS.items()
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A command that this gateway has just claimed. ``progress``: how far it had come. ``unknown``: somebody began it
    before, with an unknown outcome. ``lack``: what whoever asked for it (``user_id``, ``asked_by``) lacks: it must not
    be carried out."""

    id: int
    session_id: int
    kind: str
    lane: str
    payload: Mapping[str, Any]
    progress: Mapping[str, Any] | None
    attempts: int
    created_at: datetime
    fence: int
    unknown: bool
    user_id: int | None
    asked_by: str
    lack: Lack


@dataclass(frozen=True, slots=True)
class Slots:
    """What a session may begin now: whether its account is connected, and how many more jobs of each sort."""

    session_id: int
    connected: bool
    quick: int
    slow: int


async def claim(
    conn: psycopg.AsyncConnection[Any],
    node_id: UUID,
    slots: Collection[Slots],
    running: Collection[int],
) -> list[Claimed]:
    """Claim what may run now, in the order of their ids. Raises psycopg.Error."""
    params = {
        "sessions": [one.session_id for one in slots],
        "connected": [one.connected for one in slots],
        "quick": [one.quick for one in slots],
        "slow": [one.slow for one in slots],
        "running": list(running),
        "slow_kinds": list(SLOW),
        "without_account": list(WITHOUT_ACCOUNT),
        "node": node_id,
    }
    found = await conn.execute(CLAIM, params, prepare=True)
    rows = await found.fetchall()
    lacks = await _lacks(conn, [(row[0], row[2]) for row in rows]) if rows else []
    claimed = [Claimed(*(*row, lack)) for row, lack in zip(rows, lacks, strict=True)]
    return sorted(claimed, key=lambda one: one.id)


async def _lacks(conn: psycopg.AsyncConnection[Any], claimed: Sequence[tuple[int, str]]) -> list[Lack]:
    """Of each (id, kind) what whoever asked for it lacks; all in one round trip."""
    query = _LACK.replace("{lack}", rights.lack_sql())
    async with conn.pipeline():
        await conn.execute("SET plan_cache_mode = force_generic_plan")
        answers = [
            await conn.execute(query, (*_NEEDS.get(kind, _UNKNOWN_KIND), command), prepare=True)
            for command, kind in claimed
        ]
        await conn.execute("RESET plan_cache_mode")
        found = [await answer.fetchone() for answer in answers]
    return [Lack.GONE if row is None else Lack(row[0]) for row in found]
