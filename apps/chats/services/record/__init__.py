"""Stores what comes in: a batch of the inbox and the update state after it, stored in one transaction (raw SQL,
measured).

Reads and locks first (one round trip, two when a chat is new), then the changes in memory, then every write and the
checkpoint last (one round trip). Chats are locked in the order of their ids. The caller retries what the database
refuses for a passing reason; nothing of a failed batch is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from apps.chats.services.record import reads, sql, writes
from apps.chats.services.record.apply import apply
from apps.chats.services.record.batch import collect_requirements
from apps.chats.services.record.state import State
from tgadmin.core.types import Gap, GapKind, Incoming, MessagesDeleted, Typing, Unreadable

__all__ = ["Recorded", "expire", "joined", "make_ready", "record"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a batch came to. ``typing`` goes to the pages as it is; ``gaps`` have to be fetched; ``changed`` says
    whether pages have anything to read; ``has_stale_unread``: some chat's unread count has to be asked
    for at Telegram."""

    new_messages: int
    changed: bool
    typing: tuple[tuple[Typing, str], ...] = ()
    gaps: tuple[Gap, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    has_stale_unread: bool = False


def joined(parts: Iterable[Recorded]) -> Recorded:
    """Several transactions' results as one."""
    parts = list(parts)
    return Recorded(
        new_messages=sum(part.new_messages for part in parts),
        changed=any(part.changed for part in parts),
        typing=tuple(one for part in parts for one in part.typing),
        gaps=tuple(one for part in parts for one in part.gaps),
        unreadable=tuple(one for part in parts for one in part.unreadable),
        has_stale_unread=any(part.has_stale_unread for part in parts),
    )


async def make_ready(conn: psycopg.AsyncConnection[Any]) -> None:
    """Once for each connection that ``record`` gets: its statements find rows by key, whatever the statistics say."""
    await conn.execute(sql.PLANNING)


async def expire(conn: psycopg.AsyncConnection[Any], session_id: int, changes: Sequence[MessagesDeleted]) -> None:
    """Store that messages have ended by themselves: nobody need hold the account for that, since nobody says it.

    On a connection as ``record``'s. Raises psycopg.Error; then nothing is stored.
    """
    await _store(conn, session_id, (Incoming(tuple(changes), (), None),), None)


async def record(
    conn: psycopg.AsyncConnection[Any], session_id: int, fence: int, node_id: UUID, batch: Sequence[Incoming]
) -> Recorded:
    """Store the batch in one transaction, on a connection in autocommit mode that was made ready and that nobody else
    uses meanwhile.

    Raises LeaseLost and psycopg.Error; then nothing is stored.
    """
    state = await _store(conn, session_id, batch, (node_id, fence))
    return Recorded(
        new_messages=state.new,
        changed=any(chat.dirty for chat in state.chats.values()) or bool(state.presence),
        typing=tuple(state.typing),
        gaps=tuple(gap for gap in state.gaps if gap.how is GapKind.TOO_LONG),
        unreadable=tuple(state.unreadable),
        has_stale_unread=state.has_stale_unread or bool(state.unknown),
    )


async def _store(
    conn: psycopg.AsyncConnection[Any], session_id: int, batch: Sequence[Incoming], holder: tuple[UUID, int] | None
) -> State:
    """One transaction: read and lock, work out, write. ``holder``: the gateway that must hold the account, and its
    fence; None for what is true whoever holds it."""
    needs = collect_requirements(batch)
    async with conn.pipeline(), conn.transaction():
        state = await reads.load(conn, session_id, holder, needs, datetime.now(UTC))
        for incoming in batch:
            for change in incoming.changes:
                apply(state, change)
        await writes.store(conn, session_id, needs, state)
    return state
