"""messages.*: editing, deleting, reading."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import affected, peer_of, seconds
from sandbox.world.ids import is_channel
from sandbox.world.message_actions import Draft


@registry.method(functions.messages.EditMessageRequest)
async def edit_message(ctx: Context, request: functions.messages.EditMessageRequest) -> types.Updates:
    """https://core.telegram.org/method/messages.editMessage"""
    viewer = ctx.account.user_id
    peer = peer_of(ctx, request.peer)
    if request.media is not None:
        raise RpcError(400, "MEDIA_NEW_INVALID")
    date = seconds(request.schedule_date)
    if date:  # then the id is one of the queue
        waiting = ctx.world.schedule.edit(viewer, peer, request.id, request.message, request.entities, date, ctx.push)
        update = ctx.world.schedule.update(viewer, peer, waiting.number)
        return ctx.world.render.container(viewer, [update], [peer, viewer])
    draft = Draft(request.message or "", request.entities)
    draft.no_preview, draft.above = bool(request.no_webpage), bool(request.invert_media)
    if request.message is None:  # the text stays: nothing else can be changed here
        kept = ctx.world.message_actions.editable(viewer, peer, request.id)
        raise RpcError(400, "MESSAGE_NOT_MODIFIED" if kept.has_caption else "MESSAGE_EMPTY")
    post = ctx.world.message_actions.edit(viewer, peer, request.id, draft, ctx.push)
    owner = peer if is_channel(peer) else viewer
    update = ctx.world.render.update(ctx.world.boxes.box(owner).log[-1], owner, viewer)
    return ctx.world.render.container(viewer, [update], ctx.world.render.mentioned(post, owner))


@registry.method(functions.messages.GetMessageEditDataRequest)
async def get_message_edit_data(ctx: Context, request: functions.messages.GetMessageEditDataRequest) -> Any:
    """https://core.telegram.org/method/messages.getMessageEditData"""
    post = ctx.world.message_actions.editable(ctx.account.user_id, peer_of(ctx, request.peer), request.id)
    return types.messages.MessageEditData(caption=post.has_caption or None)


@registry.method(functions.messages.DeleteMessagesRequest)
async def delete_messages(ctx: Context, request: functions.messages.DeleteMessagesRequest) -> Any:
    """https://core.telegram.org/method/messages.deleteMessages

    Ids that are not there are passed over in silence, as Telegram does.
    """
    if len(request.id) > 100:
        raise RpcError(400, "MESSAGE_IDS_TOO_MUCH")
    count = ctx.world.message_actions.delete(ctx.account.user_id, request.id, ctx.push, revoke=bool(request.revoke))
    return affected(ctx, count)


@registry.method(functions.messages.DeleteHistoryRequest)
async def delete_history(ctx: Context, request: functions.messages.DeleteHistoryRequest) -> Any:
    """https://core.telegram.org/method/messages.deleteHistory"""
    peer = own_box_peer(ctx, request.peer)
    since, until = seconds(request.min_date), seconds(request.max_date)
    if peer < 0 and (since or until):
        raise RpcError(400, "CHAT_REVOKE_DATE_UNSUPPORTED")
    count = ctx.world.message_actions.clear(
        ctx.account.user_id,
        peer,
        ctx.push,
        max_id=request.max_id,
        since=since,
        until=until,
        keep=bool(request.just_clear),
        revoke=bool(request.revoke),
    )
    return types.messages.AffectedHistory(affected(ctx, count).pts, count, 0)


@registry.method(functions.messages.ReadHistoryRequest)
async def read_history(ctx: Context, request: functions.messages.ReadHistoryRequest) -> Any:
    """https://core.telegram.org/method/messages.readHistory"""
    peer = own_box_peer(ctx, request.peer)
    return affected(ctx, ctx.world.reading.read(ctx.account.user_id, peer, request.max_id, ctx.push))


@registry.method(functions.messages.ReadMessageContentsRequest)
async def read_message_contents(ctx: Context, request: functions.messages.ReadMessageContentsRequest) -> Any:
    """https://core.telegram.org/method/messages.readMessageContents: of texts, mentions are all that can be marked."""
    return affected(ctx, ctx.world.mentions.read_messages(ctx.account.user_id, request.id, ctx.push))


@registry.method(functions.messages.ReadMentionsRequest)
async def read_mentions(ctx: Context, request: functions.messages.ReadMentionsRequest) -> Any:
    """https://core.telegram.org/method/messages.readMentions"""
    peer = peer_of(ctx, request.peer)
    count = ctx.world.mentions.read(ctx.account.user_id, peer, ctx.push)
    if is_channel(peer):  # what is read there takes no pts
        return types.messages.AffectedHistory(ctx.world.boxes.box(peer).pts, 0, 0)
    return types.messages.AffectedHistory(affected(ctx, count).pts, count, 0)


@registry.method(functions.messages.ReceivedMessagesRequest)
async def received_messages(ctx: Context, request: functions.messages.ReceivedMessagesRequest) -> list[Any]:
    """https://core.telegram.org/method/messages.receivedMessages: nothing of it is shown to anybody."""
    return []


def own_box_peer(ctx: Context, input_peer: Any) -> int:
    """A private chat or basic group; channels have methods of their own (400 PEER_ID_INVALID)."""
    peer = peer_of(ctx, input_peer)
    if is_channel(peer):
        raise RpcError(400, "PEER_ID_INVALID")
    return peer
