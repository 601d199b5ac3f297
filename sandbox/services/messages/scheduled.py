"""messages.*: scheduled messages. https://core.telegram.org/api/scheduled-messages"""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.services.answers import changes_answer, list_hash, peer_of, seconds
from sandbox.world.message_actions import Draft
from sandbox.world.schedule import AT_ONCE_SECONDS, WHEN_ONLINE, Waiting


@registry.method(functions.messages.GetScheduledHistoryRequest)
async def get_scheduled_history(ctx: Context, request: functions.messages.GetScheduledHistoryRequest) -> Any:
    """https://core.telegram.org/method/messages.getScheduledHistory"""
    viewer, peer = ctx.account.user_id, peer_of(ctx, request.peer)
    ctx.world.schedule.check_may(viewer, peer)
    queue = ctx.world.schedule.waiting(viewer, peer)
    fresh = list_hash(part for each in queue for part in (each.number, each.date, each.edit_date))
    if request.hash and request.hash == fresh:
        return types.messages.MessagesNotModified(len(queue))
    return _messages(ctx, peer, queue)


@registry.method(functions.messages.GetScheduledMessagesRequest)
async def get_scheduled_messages(ctx: Context, request: functions.messages.GetScheduledMessagesRequest) -> Any:
    """https://core.telegram.org/method/messages.getScheduledMessages: those that are there."""
    viewer, peer = ctx.account.user_id, peer_of(ctx, request.peer)
    ctx.world.schedule.check_may(viewer, peer)
    found = [ctx.world.schedule.find(viewer, peer, number) for number in request.id]
    return _messages(ctx, peer, [each for each in found if each is not None])


@registry.method(functions.messages.SendScheduledMessagesRequest)
async def send_scheduled_messages(
    ctx: Context, request: functions.messages.SendScheduledMessagesRequest
) -> types.Updates:
    """https://core.telegram.org/method/messages.sendScheduledMessages"""
    peer = peer_of(ctx, request.peer)
    ctx.world.schedule.send(ctx.account.user_id, peer, request.id, ctx.push)
    return changes_answer(ctx, mentioned=[peer])


@registry.method(functions.messages.DeleteScheduledMessagesRequest)
async def delete_scheduled_messages(
    ctx: Context, request: functions.messages.DeleteScheduledMessagesRequest
) -> types.Updates:
    """https://core.telegram.org/method/messages.deleteScheduledMessages

    Ids that are not there are passed over in silence.
    """
    peer = peer_of(ctx, request.peer)
    ctx.world.schedule.delete(ctx.account.user_id, peer, request.id, ctx.push)
    return changes_answer(ctx, mentioned=[peer])


def due_later(ctx: Context, peer: int, given: Any) -> int:
    """When a message has to be sent by its schedule_date; 0 if that is now."""
    date = seconds(given)
    if date == WHEN_ONLINE:
        other = ctx.world.accounts.get(peer) if peer > 0 else None
        return 0 if other is not None and ctx.world.accounts.is_online(other) else date
    return date if date >= ctx.world.now() + AT_ONCE_SECONDS else 0


def schedule(ctx: Context, peer: int, drafts: list[Draft], date: int) -> types.Updates:
    """Put messages into the queue; what their author gets: their random_ids with the queue's ids, then themselves."""
    author = ctx.account.user_id
    waiting = [ctx.world.schedule.add(author, peer, draft, date, ctx.push) for draft in drafts]
    ids = [types.UpdateMessageID(each.number, each.random_id) for each in waiting]
    news = [ctx.world.schedule.update(author, peer, each.number) for each in waiting]
    return ctx.world.render.container(author, [*ids, *news], [peer, author])


def _messages(ctx: Context, peer: int, queue: list[Waiting]) -> types.messages.Messages:
    chat = ctx.world.chats.get(peer) if peer < 0 else None
    is_post = chat is not None and chat.kind == "channel"
    users, chats = ctx.world.peers.entities(ctx.account.user_id, [peer, *(each.author for each in queue)])
    return types.messages.Messages([each.message(is_post=is_post) for each in queue], [], chats, users)
