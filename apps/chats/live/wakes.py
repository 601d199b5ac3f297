"""Wake-ups of a web process: the channel layer's groups (gateways) and PostgreSQL's NOTIFY (sync code). Both are hints:
whoever listens looks at the database, and looks now and then without them too."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from apps.common.notify import EVENTS, SETTLED
from tgadmin.database import pooled

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.2
"""Before what is away is tried again."""
JOIN_SECONDS = 1.0
"""How long a page waits for its groups to be joined; then it is served by looking."""


class Work:
    """Something that runs while it is started."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop; a start() while this waits begins again and is not undone."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        raise NotImplementedError


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
                await asyncio.wait_for(asyncio.gather(*waiting), JOIN_SECONDS)
            except TimeoutError:
                log.warning("the channel layer does not answer; pages are served by looking")

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

    async def rejoin(self) -> None:
        """On new connections: those of the layer have ended."""
        await get_channel_layer().flush()
        session_ids = set(self._tasks)
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self._joined.clear()
        await self.want(session_ids)

    async def close(self) -> None:
        await self.want(set())


class Lifeline(Work):
    """A connection to Valkey that carries nothing: that it ends is noticed at once. The channel layer's own sits still
    for a second when it breaks, tells nobody, and what is sent meanwhile is lost. ``hears`` gets whether wake-ups
    arrive; ``back`` is awaited before they do again."""

    def __init__(self, hears: Callable[[bool], None], back: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._hears = hears
        self._back = back
        self._broken = False

    async def _run(self) -> None:
        while True:
            try:
                await self._hold()
            except (RedisError, OSError) as error:
                if not self._broken:
                    log.warning("Valkey is away (%s); pages are served by looking often", type(error).__name__)
                    self._broken = True
                    self._hears(False)
                await asyncio.sleep(RETRY_SECONDS)

    async def _hold(self) -> None:
        pool = ConnectionPool.from_url(settings.REDIS_URL, retry=Retry(NoBackoff(), 0))
        line = pool.make_connection()
        try:
            await line.connect()
            if self._broken:
                await self._back()
                self._broken = False
                self._hears(True)
            while True:
                await line.read_response(timeout=math.inf)
        finally:
            await line.disconnect()


class Listener(Work):
    """One direct connection that LISTENs. ``heard`` gets the channel and its number; ``back`` is called when it listens
    again after a while in which it did not."""

    def __init__(self, heard: Callable[[str, int], None], back: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._heard = heard
        self._back = back
        self._broken = False

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                if not self._broken:
                    log.warning("LISTEN failed (%s); pages are served by looking", type(error).__name__)
                self._broken = True
                await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(**parameters(), autocommit=True) as listening:
            await listening.execute(f"LISTEN {EVENTS}")
            await listening.execute(f"LISTEN {SETTLED}")
            if self._broken:
                self._broken = False
                self._back()
            async for note in listening.notifies():
                if note.payload.isdigit():
                    self._heard(note.channel, int(note.payload))


def parameters() -> dict[str, Any]:
    """Django's connection parameters for an asynchronous connection that is not the pool's."""
    return pooled.parameters(connection)
