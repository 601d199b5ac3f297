"""Ends what ends by itself, for all accounts, whoever holds them: once a second (apps.chats.services.timers)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import psycopg
import structlog

from apps.chats.services import record, timers
from tgadmin.gateway import database
from tgadmin.gateway.ownership.heartbeat import DB_ERRORS

log = structlog.get_logger(__name__)

SECONDS = 1.0


class Timers:
    """The loop, on a database connection of its own."""

    def __init__(self, params: dict[str, Any]) -> None:
        self._params = params
        self._conn: psycopg.AsyncConnection[Any] | None = None

    async def run(self) -> None:
        """For ever; while the database is away it tries again."""
        try:
            while True:
                try:
                    await timers.end_what_is_over(await self._connection())
                except DB_ERRORS as error:
                    log.warning("what is over was not ended", error=type(error).__name__)
                    await self._close()
                await asyncio.sleep(SECONDS)
        finally:
            await self._close()

    async def _connection(self) -> psycopg.AsyncConnection[Any]:
        if self._conn is None or self._conn.closed:
            self._conn = await database.connect(self._params)
            await record.make_ready(self._conn)
        return self._conn

    async def _close(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await conn.close()
