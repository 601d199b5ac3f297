"""The claim: which commands run next. One statement, fair between lanes, first in first out within one.

It says of each what whoever asked for it lacks by now: a right that is gone before the statement begins is never used.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from apps.sessions.services import rights
from apps.sessions.services.commands import NEEDS
from tgadmin.core.refusals import Lack

# The heads of all lanes are found by hopping from lane to lane on the index "command_open", however long a lane is.
# A head that is claimed, but not by a job that runs here, has an unknown outcome: its holder died or lost its answer.
_CLAIM = """
WITH RECURSIVE wanted AS (
    SELECT k.session_id, k.connected, k.quick, k.slow
    FROM unnest(%(sessions)s::bigint[], %(connected)s::bool[], %(quick)s::int[], %(slow)s::int[])
        k(session_id, connected, quick, slow)
), heads AS (
    SELECT h.* FROM wanted w CROSS JOIN LATERAL (
        SELECT c.id, c.session_id, c.lane FROM telegram_commands c
        WHERE c.session_id = w.session_id AND c.state IN ('queued', 'claimed') ORDER BY c.lane, c.id LIMIT 1) h
    UNION ALL
    SELECT n.* FROM heads h CROSS JOIN LATERAL (
        SELECT c.id, c.session_id, c.lane FROM telegram_commands c
        WHERE c.session_id = h.session_id AND c.lane > h.lane AND c.state IN ('queued', 'claimed')
        ORDER BY c.lane, c.id LIMIT 1) n
), due AS (
    SELECT c.id, c.kind = ANY(%(slow_kinds)s) AS is_slow, w.quick, w.slow,
        row_number() OVER (PARTITION BY c.session_id, c.kind = ANY(%(slow_kinds)s) ORDER BY c.id) AS place
    FROM heads h JOIN telegram_commands c ON c.id = h.id JOIN wanted w ON w.session_id = h.session_id
    WHERE c.id <> ALL(%(running)s) AND (c.not_before IS NULL OR c.not_before <= clock_timestamp())
        AND (w.connected OR c.kind = ANY(%(without_account)s))
), chosen AS (
    SELECT c.id, c.state, c.kind, c.created_by_id, l.fence FROM due d
    JOIN telegram_commands c ON c.id = d.id
    JOIN telegram_leases l ON l.session_id = c.session_id
    WHERE l.owner_id = %(node)s AND d.place <= CASE WHEN d.is_slow THEN d.slow ELSE d.quick END
        AND c.state IN ('queued', 'claimed')
    ORDER BY c.id FOR UPDATE OF c SKIP LOCKED FOR SHARE OF l
)
UPDATE telegram_commands c SET state = 'claimed', fence = chosen.fence, claimed_at = clock_timestamp(),
    attempts = c.attempts + 1
FROM chosen
    LEFT JOIN auth_user u ON u.id = chosen.created_by_id
    LEFT JOIN unnest(%(kinds)s::text[], %(roles)s::int[], %(or_starter)s::bool[], %(system)s::bool[])
        n(kind, role, or_starter, system) ON n.kind = chosen.kind
WHERE c.id = chosen.id
RETURNING c.id, c.session_id, c.kind, c.lane, c.payload, c.attempts, c.created_at, chosen.fence,
    chosen.state = 'claimed', c.created_by_id, c.asked_by, {lack}
"""
_NEEDS = {
    "kinds": [kind.value for kind in NEEDS],
    "roles": [0 if need.role is None else int(need.role) for need in NEEDS.values()],
    "or_starter": [need.or_starter for need in NEEDS.values()],
    "system": [need.system for need in NEEDS.values()],
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A command that this gateway has just claimed. ``unknown``: somebody began it before, with an unknown outcome.
    ``lack``: what whoever asked for it (``user_id``, ``asked_by``) lacks: it must not be carried out."""

    id: int
    session_id: int
    kind: str
    lane: str
    payload: Mapping[str, Any]
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
    *,
    slow_kinds: Collection[str],
    without_account: Collection[str],
) -> list[Claimed]:
    """Claim what may run now, in the order of their ids. Raises psycopg.Error."""
    params = {
        "sessions": [one.session_id for one in slots],
        "connected": [one.connected for one in slots],
        "quick": [one.quick for one in slots],
        "slow": [one.slow for one in slots],
        "running": list(running),
        "slow_kinds": list(slow_kinds),
        "without_account": list(without_account),
        "node": node_id,
        **_NEEDS,
    }
    found = await conn.execute(_CLAIM.replace("{lack}", rights.lack_sql()), params, prepare=True)
    rows = await found.fetchall()
    return sorted((Claimed(*(*row[:-1], Lack(row[-1]))) for row in rows), key=lambda one: one.id)
