"""tgadmin.asgi as the product has it, on the settings of stage_settings, told by the test what a server may do: count,
kill what runs, lose connections. Any ASGI server runs it."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.database.stage_settings"

from django.db import connections

from tgadmin.asgi import application as product
from tgadmin.database.watch import watch

running: set[asyncio.Task[Any]] = set()
lost: list[Any] = []


def pool() -> Any:
    found: Any = connections["default"].pool  # type: ignore[attr-defined]
    return found


def count() -> dict[str, Any]:
    stats = pool().get_stats()
    names = ("pool_max", "pool_size", "pool_available", "requests_waiting")
    return {"running": len(running), **{name: stats.get(name, 0) for name in names}}


def kill() -> dict[str, Any]:
    """As a server does that has no patience."""
    tasks = list(running)
    for task in tasks:
        task.cancel()
    return {"killed": len(tasks)}


def lose() -> dict[str, Any]:
    """All of the pool's connections are taken by somebody who never gives them back."""
    while len(lost) < pool().max_size:
        lost.append(pool().getconn(5))
    return {"lost": len(lost)}


def hurry() -> dict[str, Any]:
    """The watch waits for three seconds instead of thirty."""
    watch._starving.limit, watch._starving.worry = 3.0, 1.0
    return {}


def forget() -> dict[str, Any]:
    """The tests have emptied the tables meanwhile: what this process remembers of them is wrong."""
    from django.contrib.contenttypes.models import ContentType  # needs the apps, which the product loads

    ContentType.objects.clear_cache()
    return {}


DEEDS = {
    "/stage/forget": forget,
    "/stage/hurry": hurry,
    "/stage/count": count,
    "/stage/kill": kill,
    "/stage/lose": lose,
}


async def application(scope: Any, receive: Any, send: Any) -> None:
    deed = DEEDS.get(scope.get("path", ""))
    if deed is None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await product(scope, receive, send)
        finally:
            running.discard(task)
        return
    body = json.dumps(await asyncio.to_thread(deed)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
