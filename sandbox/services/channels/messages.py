"""channels.*: the messages of supergroups and channels."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import affected
from sandbox.services.channels.management import channel_of
from sandbox.services.messages.history import named_messages


@registry.method(functions.channels.GetMessagesRequest)
async def get_messages(ctx: Context, request: functions.channels.GetMessagesRequest) -> Any:
    """https://core.telegram.org/method/channels.getMessages"""
    chat = channel_of(ctx, request.channel)
    return named_messages(ctx, ctx.world.boxes.box(chat.marked), request.id)


@registry.method(functions.channels.DeleteMessagesRequest)
async def delete_messages(ctx: Context, request: functions.channels.DeleteMessagesRequest) -> Any:
    """https://core.telegram.org/method/channels.deleteMessages"""
    chat = channel_of(ctx, request.channel)
    if len(request.id) > 100:
        raise RpcError(400, "MESSAGE_IDS_TOO_MUCH")
    count = ctx.world.message_actions.delete_in_channel(ctx.account.user_id, chat.marked, request.id, ctx.push)
    return affected(ctx, count, chat.marked)


@registry.method(functions.channels.ReadMessageContentsRequest)
async def read_message_contents(ctx: Context, request: functions.channels.ReadMessageContentsRequest) -> bool:
    """https://core.telegram.org/method/channels.readMessageContents: of texts, mentions are all that can be marked."""
    chat = channel_of(ctx, request.channel)
    ctx.world.mentions.read(ctx.account.user_id, chat.marked, ctx.push, only=request.id)
    return True


@registry.method(functions.channels.ReadHistoryRequest)
async def read_history(ctx: Context, request: functions.channels.ReadHistoryRequest) -> bool:
    """https://core.telegram.org/method/channels.readHistory"""
    chat = channel_of(ctx, request.channel)
    ctx.world.reading.read_channel(ctx.account.user_id, chat.marked, request.max_id, ctx.push)
    return True
