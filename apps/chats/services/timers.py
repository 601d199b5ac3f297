"""What ends by itself: restrictions, mutes, slow mode, who is online, messages with a timer.

Telegram sends no update when the time of such a fact is over: the client's clock has to do it. Each has its end in the
database, so that it ends on time after any restart, and whoever looks reads a fact whose time is over as ended already.
Every gateway looks once a second (tgadmin.gateway.timers), the worker once a minute, in case no gateway runs: whoever
comes first ends it, for others it has ended. Ends are judged by the database's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection

from apps.chats.services import record
from tgadmin.core.types import MessagesDeleted
from tgadmin.database import pooled

LIMIT = 500
"""Facts of a kind that are ended at a time."""

# As apps.chats.services.record.state.settle_rights has it.
_END_IN_CHATS = f"""
UPDATE telegram_chats c SET
    can_send = CASE WHEN c.restricted_until <= now() AND c.kind IN ('group', 'supergroup')
        THEN NOT c.left AND (c.is_admin OR c.members_may_write) ELSE c.can_send END,
    restricted_until = CASE WHEN c.restricted_until > now() THEN c.restricted_until END,
    muted_until = CASE WHEN c.muted_until > now() THEN c.muted_until END,
    slow_until = CASE WHEN c.slow_until > now() THEN c.slow_until END,
    updated_at = clock_timestamp()
WHERE c.id = ANY(ARRAY(
    SELECT id FROM telegram_chats
    WHERE (restricted_until IS NOT NULL OR muted_until IS NOT NULL OR slow_until IS NOT NULL)
        AND LEAST(restricted_until, muted_until, slow_until) <= now()
    ORDER BY id LIMIT {LIMIT} FOR NO KEY UPDATE SKIP LOCKED))
"""  # noqa: S608

_END_PRESENCE = f"""
UPDATE telegram_peers p SET is_online = false, online_until = NULL,
    last_seen_at = GREATEST(p.last_seen_at, p.online_until)
WHERE p.id = ANY(ARRAY(
    SELECT id FROM telegram_peers WHERE is_online AND online_until <= now()
    ORDER BY id LIMIT {LIMIT} FOR NO KEY UPDATE SKIP LOCKED))
"""  # noqa: S608

_EXPIRED_MESSAGES = f"""
SELECT m.session_id, m.box, array_agg(m.telegram_id) FROM (
    SELECT session_id, box, telegram_id FROM telegram_messages
    WHERE expires_at <= now() AND expires_at IS NOT NULL AND deleted_at IS NULL AND telegram_id IS NOT NULL
    ORDER BY expires_at LIMIT {LIMIT}) m
GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608


async def end_what_is_over(conn: psycopg.AsyncConnection[Any]) -> int:
    """End what is over, LIMIT of a kind at most, on a connection in autocommit mode that was made ready for ``record``;
    how many. Raises psycopg.Error: what has ended by then stays ended."""
    ended = 0
    for statement in (_END_IN_CHATS, _END_PRESENCE):
        ended += (await conn.execute(statement, prepare=True)).rowcount
    for session_id, box, ids in await _expired(conn):
        await record.expire(conn, session_id, (MessagesDeleted(box, tuple(ids)),))
        ended += len(ids)
    return ended


def end_what_is_over_now() -> int:
    """The same, from synchronous code."""
    return asyncio.run(_end_on_a_connection())


async def _end_on_a_connection() -> int:
    async with await psycopg.AsyncConnection.connect(**pooled.parameters(connection), autocommit=True) as conn:
        await record.make_ready(conn)
        return await end_what_is_over(conn)


async def _expired(conn: psycopg.AsyncConnection[Any]) -> Sequence[tuple[int, int, list[int]]]:
    return await (await conn.execute(_EXPIRED_MESSAGES, prepare=True)).fetchall()
