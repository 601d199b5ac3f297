"""Wake-ups: coalesced, delivered through the real channel layer, dropped when it is away."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.layers import get_channel_layer
from redis.exceptions import ConnectionError as RedisConnectionError

from tgadmin.core.types import Typing
from tgadmin.gateway.wake import Wake

_sessions = itertools.count(900_000)


class Layer:
    """Counts what is sent; refuses the first ``refuses`` times."""

    def __init__(self, refuses: int = 0, error: Exception | None = None) -> None:
        self.refuses = refuses
        self.error = error or RedisConnectionError()
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.something = asyncio.Event()
        self.refused = asyncio.Event()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if self.refuses:
            self.refuses -= 1
            self.refused.set()
            raise self.error
        self.sent.append((group, message))
        self.something.set()


async def running(layer: Any) -> AsyncIterator[Wake]:
    wake = Wake(layer)
    task = asyncio.create_task(wake.run())
    yield wake
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(params=[RedisConnectionError(), RuntimeError("a bug in the layer")], ids=["redis", "bug"])
async def layer(request: pytest.FixtureRequest) -> Layer:
    return Layer(refuses=1, error=request.param)


@pytest.fixture
async def wake(layer: Layer) -> AsyncIterator[Wake]:
    async for one in running(layer):
        yield one


async def test_what_is_not_delivered_is_dropped_and_the_next_is_not(wake: Wake, layer: Layer) -> None:
    wake.changed(1)
    await asyncio.wait_for(layer.refused.wait(), 5)
    for _ in range(50):
        wake.changed(2)
    await asyncio.wait_for(layer.something.wait(), 5)
    assert layer.sent == [("session.2", {"type": "session.changed"})]


async def test_real_ones_arrive() -> None:
    real = get_channel_layer()
    session_id = next(_sessions)
    channel = await real.new_channel()
    await real.group_add(f"session.{session_id}", channel)
    async for wake in running(real):
        wake.changed(session_id)
        wake.typing(session_id, Typing(5, 6, "typing"), "Anna")
        first = await asyncio.wait_for(real.receive(channel), 5)
        second = await asyncio.wait_for(real.receive(channel), 5)
    assert first == {"type": "session.changed"}
    assert second == {
        "type": "session.typing",
        "peer_id": 5,
        "sender_id": 6,
        "name": "Anna",
        "action": "typing",
    }
