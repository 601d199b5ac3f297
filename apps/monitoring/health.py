"""Whether this web process can work. However many ask, one look at a time is made, at most one a second; it takes no
connection of the pool and no thread: whoever watches from outside must not be in the way of those who work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pkgutil import iter_modules
from weakref import WeakKeyDictionary

import psycopg
from channels.layers import get_channel_layer
from django.apps import apps
from django.db.migrations.loader import MigrationLoader
from redis.exceptions import RedisError

from apps.chats.live.wakes import parameters
from tgadmin.core.starving import State
from tgadmin.database.watch import watch

FRESH = 1.0
"""Seconds for which an answer holds."""
PATIENCE = 3.0
"""Seconds that the database and the channel layer have to answer."""

NO_DATABASE = "database: no answer"
NO_LAYER = "channel layer: no answer"


class Health:
    """Lives in one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._checking: asyncio.Task[list[str]] | None = None
        self._found: list[str] = []
        self._at = float("-inf")

    async def reasons(self) -> list[str]:
        """Why this process cannot work; none when it can."""
        if self._checking is None and self._clock() - self._at < FRESH:
            return self._found
        if self._checking is None:
            self._checking = asyncio.create_task(self._check())
        return await asyncio.shield(self._checking)  # others wait for it too

    async def _check(self) -> list[str]:
        try:
            found = await asyncio.gather(_database(), _channel_layer())
            self._found = [reason for reason in dict.fromkeys((*found, _pool())) if reason]
            self._at = self._clock()
            return self._found
        finally:
            self._checking = None


async def _database() -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            async with await psycopg.AsyncConnection.connect(**parameters(), autocommit=True) as conn:
                asked = await conn.execute("SELECT app, name FROM django_migrations")
                applied = set(await asked.fetchall())
    except psycopg.errors.UndefinedTable:
        applied = set()
    except (psycopg.Error, OSError, TimeoutError):
        return NO_DATABASE
    pending = len(await _needed() - applied)
    return f"migrations: {pending} not applied" if pending else ""


async def _channel_layer() -> str:
    layer = get_channel_layer()
    try:
        await asyncio.wait_for(layer.group_send("readyz", {"type": "readyz"}), PATIENCE)
    except (RedisError, OSError, TimeoutError):
        return NO_LAYER
    return ""


def _pool() -> str:
    return "" if watch.state is State.FINE else watch.state.value


async def _needed() -> frozenset[tuple[str, str]]:
    """The migrations that the code needs: app and name. Reading them takes a thread, once."""
    known = _migrations.cache_info().currsize
    return _migrations() if known else await asyncio.to_thread(_migrations)


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """By the names of their files: they need not be imported for it, while the first pages come."""
    found: set[tuple[str, str]] = set()
    for app in apps.get_app_configs():
        package, _ = MigrationLoader.migrations_module(app.label)
        spec = find_spec(package) if package else None
        if spec is not None:
            files = iter_modules(spec.submodule_search_locations)
            found.update((app.label, file.name) for file in files if not file.ispkg and file.name[0] not in "_~")
    return frozenset(found)


_healths: WeakKeyDictionary[asyncio.AbstractEventLoop, Health] = WeakKeyDictionary()


def health() -> Health:
    """The Health of the running event loop: one check at a time serves everybody who asks in that loop."""
    loop = asyncio.get_running_loop()
    found = _healths.get(loop)
    if found is None:
        found = _healths[loop] = Health()
    return found
