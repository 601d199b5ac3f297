"""A web process keeps its places while the pool of database connections is of no use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError, connections

from apps.chats.live import connection_limiter
from apps.chats.live.connection_limiter import ConnectionLimiter
from apps.chats.models.live import LiveProcess
from apps.chats.services import connection_limits
from apps.chats.services.connection_limits import SocketSlot


class Guest:
    async def shut(self, code: int) -> None:
        raise AssertionError("nobody is to be closed")


async def beat(process: UUID) -> Any:
    def ask() -> Any:
        return LiveProcess.objects.values_list("beat", flat=True).get(pk=process)

    return await database_sync_to_async(ask)()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("hangs", [True, False])
async def test_the_heartbeat_goes_on_past_a_full_pool(monkeypatch: pytest.MonkeyPatch, hangs: bool) -> None:
    monkeypatch.setattr(connection_limits, "HEARTBEAT", 0.05)
    full = asyncio.Event()

    async def read(function: Callable[..., Any], *args: Any) -> Any:
        if full.is_set() and hangs:
            await asyncio.Event().wait()
        if full.is_set():
            raise OperationalError("too many wait")
        return await database_sync_to_async(function)(*args)

    monkeypatch.setattr(connection_limiter, "read", read)
    here = ConnectionLimiter()
    place = SocketSlot(uuid4(), 1, None)
    assert await here.enter(Guest(), place) is None
    full.set()
    seen = {await beat(here.process)}
    async with asyncio.timeout(20):
        while len(seen) < 4:
            seen.add(await beat(here.process))
            await asyncio.sleep(0.01)
    full.clear()
    running = here._task
    await here.leave(place)
    assert running is not None
    await asyncio.gather(running, return_exceptions=True)
    await database_sync_to_async(connections.close_all)()
