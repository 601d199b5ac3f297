"""Health: whether the process answers, and whether it can work."""

from __future__ import annotations

import asyncio

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

LAYER_TIMEOUT = 2.0
"""Seconds to wait for the channel layer."""


@require_safe
async def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
async def readyz(request: HttpRequest) -> HttpResponse:
    """200, or 503 with the reasons: database, migrations, channel layer."""
    reasons = [reason for reason in (await sync_to_async(_database)(), await _channel_layer()) if reason]
    return JsonResponse({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


def _database() -> str:
    try:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "database: no answer"
    return f"migrations: {len(pending)} not applied" if pending else ""


async def _channel_layer() -> str:
    layer = get_channel_layer()
    try:
        await asyncio.wait_for(layer.group_send("readyz", {"type": "readyz"}), LAYER_TIMEOUT)
    except (RedisError, OSError, TimeoutError):
        return "channel layer: no answer"
    return ""
