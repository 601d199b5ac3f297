"""The hub's own connection: each look is one statement, in the process's loop, planned once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg

from apps.chats.live.wakes import parameters
from apps.chats.selectors import lists, live, unread
from apps.chats.selectors.live import Change
from apps.chats.selectors.unread import Counted

SECONDS = 10.0
"""A server that does not answer a look within this time is taken for gone: the next look connects again."""

PLANNING = (
    "SELECT set_config('TimeZone', 'UTC', false), set_config('plan_cache_mode', 'force_generic_plan', false), "
    "set_config('join_collapse_limit', '1', false), set_config('enable_seqscan', 'off', false), "
    "set_config('enable_bitmapscan', 'off', false), set_config('enable_hashjoin', 'off', false), "
    "set_config('enable_mergejoin', 'off', false), set_config('jit', 'off', false)"
)
"""Everything is found by key, in the order in which it is written, whatever the statistics say: the plans are made
once, perhaps while the tables are empty."""


class Reader:
    """Raises psycopg.Error and OSError (TimeoutError too); then the next question is asked on a new connection."""

    def __init__(self) -> None:
        self._conn: psycopg.AsyncConnection[Any] | None = None

    async def changes(self, floors: Mapping[int, int]) -> dict[int, Change]:
        """What happened in each chat after the event number that ``floors`` gives; chats without news are absent."""
        return live.changes(await self._ask(live.CHANGES, (list(floors), list(floors.values()))))

    async def rows(self, session_ids: Iterable[int], seconds: float, chat_ids: Iterable[int] = ()) -> list[lists.Row]:
        """List rows of these sessions that were written within the last ``seconds``, and those of these chats."""
        values = await self._ask(live.ROWS, (list(session_ids), seconds, list(chat_ids)))
        return [lists.Row(*value) for value in values]

    async def unread(self, session_ids: Iterable[int]) -> dict[int, Counted]:
        """How much is unread in each of these sessions."""
        ids = list(session_ids)
        if not ids:
            return {}
        return unread.counted(await self._ask(unread.COUNTS, (ids, [True] * len(ids), 0.0)))

    async def close(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await conn.close()

    async def _ask(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            async with asyncio.timeout(SECONDS):
                if self._conn is None:
                    self._conn = await psycopg.AsyncConnection.connect(**parameters(), autocommit=True)
                    await self._conn.execute(PLANNING)
                found = await self._conn.execute(statement, values, prepare=True, binary=True)
                return await found.fetchall()
        except BaseException:
            await self.close()  # a question that was given up leaves its answer on the way
            raise
