"""updates.*: where an account's updates stand, and what a client has missed."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import seconds


@registry.method(functions.updates.GetStateRequest)
async def get_state(ctx: Context, request: functions.updates.GetStateRequest) -> types.updates.State:
    """https://core.telegram.org/method/updates.getState"""
    return ctx.world.updates.state(ctx.account.user_id, ctx.key)


@registry.method(functions.updates.GetDifferenceRequest)
async def get_difference(ctx: Context, request: functions.updates.GetDifferenceRequest) -> Any:
    """https://core.telegram.org/method/updates.getDifference"""
    date = seconds(request.date)
    answer = ctx.world.updates.difference(
        ctx.account.user_id, ctx.key, request.pts, date, limit=request.pts_limit, total=request.pts_total_limit
    )
    ctx.server.faults.met[type(answer).__name__] += 1
    return answer


@registry.method(functions.updates.GetChannelDifferenceRequest)
async def get_channel_difference(ctx: Context, request: functions.updates.GetChannelDifferenceRequest) -> Any:
    """https://core.telegram.org/method/updates.getChannelDifference"""
    viewer = ctx.account
    if isinstance(request.channel, types.InputChannelEmpty):
        raise RpcError(400, "CHANNEL_INVALID")
    channel = ctx.world.peers.resolve(viewer, request.channel)
    if isinstance(request.filter, types.ChannelMessagesFilter):
        for span in request.filter.ranges:
            if span.min_id > span.max_id:
                raise RpcError(400, "RANGES_INVALID")
    answer = ctx.world.updates.channel_difference(viewer.user_id, channel, request.pts, request.limit)
    ctx.server.faults.met[type(answer).__name__] += 1
    return answer
