"""Wake-ups of a web process: the channel layer's groups (gateways) and PostgreSQL's NOTIFY (sync code). Both are hints:
whoever listens looks at the database, and looks once a second without them too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import psycopg
from channels.layers import get_channel_layer
from django.db import connection
from redis.exceptions import RedisError

from apps.sessions.services.notify import EVENTS, SETTLED
from tgadmin.database import pooled

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class Groups:
    """The groups ``session.<id>`` of the sessions that somebody here watches: joined once per process, whatever the
    number of sockets. ``heard`` gets the session's id and the message."""

    def __init__(self, heard: Callable[[int, dict[str, Any]], None]) -> None:
        self._heard = heard
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._joined: dict[int, asyncio.Event] = {}

    async def want(self, session_ids: set[int]) -> None:
        """Hear these sessions and no others; returns once new ones are joined, or cannot be for now."""
        for gone in self._tasks.keys() - session_ids:
            self._tasks.pop(gone).cancel()
            self._joined.pop(gone)
        new = session_ids - self._tasks.keys()
        for session_id in new:
            self._joined[session_id] = asyncio.Event()
            self._tasks[session_id] = asyncio.create_task(self._listen(session_id, self._joined[session_id]))
        waiting = [event.wait() for session_id in new if (event := self._joined.get(session_id))]
        if waiting:
            try:
                await asyncio.wait_for(asyncio.gather(*waiting), RETRY_SECONDS)
            except TimeoutError:
                log.warning("the channel layer does not answer; pages are served by looking once a second")

    async def _listen(self, session_id: int, joined: asyncio.Event) -> None:
        group = f"session.{session_id}"
        while True:
            layer = get_channel_layer()
            try:
                channel = await layer.new_channel()
                await layer.group_add(group, channel)
                joined.set()
                while True:
                    self._heard(session_id, await layer.receive(channel))
            except (RedisError, OSError):
                await asyncio.sleep(RETRY_SECONDS)

    async def close(self) -> None:
        await self.want(set())


class Listener:
    """One direct connection that LISTENs. ``heard`` gets the channel and its number."""

    def __init__(self, heard: Callable[[str, int], None]) -> None:
        self._heard = heard
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop listening; a start() while this waits begins anew and is not undone."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                log.warning("LISTEN failed (%s); pages are served by looking once a second", type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(**parameters(), autocommit=True) as listening:
            await listening.execute(f"LISTEN {EVENTS}")
            await listening.execute(f"LISTEN {SETTLED}")
            async for note in listening.notifies():
                if note.payload.isdigit():
                    self._heard(note.channel, int(note.payload))


def parameters() -> dict[str, Any]:
    """Django's connection parameters for an asynchronous connection that is not the pool's."""
    return pooled.parameters(connection)
