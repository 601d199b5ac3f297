"""messages.*: reactions. https://core.telegram.org/api/reactions"""

from __future__ import annotations

import zlib
from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import changes_answer, list_hash, messages_answer, page, peer_of
from sandbox.world.ids import is_channel
from sandbox.world.reactions import EMOJI

LIST_LIMIT = 100
_HASH = zlib.crc32("".join(EMOJI).encode()) & 0x7FFFFFFF


@registry.method(functions.messages.SendReactionRequest)
async def send_reaction(ctx: Context, request: functions.messages.SendReactionRequest) -> types.Updates:
    """https://core.telegram.org/method/messages.sendReaction"""
    actor, peer = ctx.account.user_id, peer_of(ctx, request.peer)
    ctx.world.reactions.react(actor, peer, request.msg_id, request.reaction or [], ctx.push, big=bool(request.big))
    return changes_answer(ctx, mentioned=[peer])


@registry.method(functions.messages.GetMessagesReactionsRequest)
async def get_messages_reactions(
    ctx: Context, request: functions.messages.GetMessagesReactionsRequest
) -> types.Updates:
    """https://core.telegram.org/method/messages.getMessagesReactions: of messages that are there."""
    viewer, peer = ctx.account.user_id, peer_of(ctx, request.peer)
    if len(request.id) > LIST_LIMIT:
        raise RpcError(400, "MESSAGE_IDS_TOO_MUCH")
    found = [ctx.world.reactions.update(viewer, peer, number) for number in request.id]
    posts = [post for number in request.id if (post := ctx.world.message_actions.find(viewer, peer, number))]
    named = [user_id for post in posts for user_id in ctx.world.reactions.named(post)]
    return ctx.world.render.container(viewer, [update for update in found if update is not None], [peer, *named])


@registry.method(functions.messages.GetMessageReactionsListRequest)
async def get_message_reactions_list(
    ctx: Context, request: functions.messages.GetMessageReactionsListRequest
) -> types.messages.MessageReactionsList:
    """https://core.telegram.org/method/messages.getMessageReactionsList: the newest first, in pages."""
    viewer, peer, reactions = ctx.account.user_id, peer_of(ctx, request.peer), ctx.world.reactions
    post = ctx.world.message_actions.find(viewer, peer, request.id)
    if post is None:
        raise RpcError(400, "MSG_ID_INVALID")
    if not reactions.has_names(post):
        raise RpcError(403, "BROADCAST_FORBIDDEN")
    wanted = getattr(request.reaction, "emoticon", None)
    rows = [row for row in reversed(post.reactions) if wanted is None or row[1] == wanted]
    start = int(request.offset) if (request.offset or "").isdecimal() else 0
    end = start + max(1, min(request.limit, LIST_LIMIT))
    chosen = rows[start:end]
    users, chats = ctx.world.peers.entities(viewer, [row[0] for row in chosen])
    following = str(end) if end < len(rows) else None
    shown = [reactions.row(post, row, viewer) for row in chosen]
    return types.messages.MessageReactionsList(len(rows), shown, chats, users, following)


@registry.method(functions.messages.SetChatAvailableReactionsRequest)
async def set_chat_available_reactions(
    ctx: Context, request: functions.messages.SetChatAvailableReactionsRequest
) -> types.Updates:
    """https://core.telegram.org/method/messages.setChatAvailableReactions"""
    peer = peer_of(ctx, request.peer)
    if peer > 0:
        raise RpcError(400, "PEER_ID_INVALID")
    allowed: list[str] | None = None
    if isinstance(request.available_reactions, types.ChatReactionsNone):
        allowed = []
    elif isinstance(request.available_reactions, types.ChatReactionsSome):
        allowed = [getattr(reaction, "emoticon", "") for reaction in request.available_reactions.reactions]
    chat = ctx.world.chats[peer]
    ctx.world.reactions.set_available(ctx.account.user_id, chat, allowed, request.reactions_limit, ctx.push)
    return changes_answer(ctx, mentioned=[peer])


@registry.method(functions.messages.GetAvailableReactionsRequest)
async def get_available_reactions(
    ctx: Context, request: functions.messages.GetAvailableReactionsRequest
) -> types.messages.TypeAvailableReactions:
    """https://core.telegram.org/method/messages.getAvailableReactions: without the pictures, which are files."""
    if request.hash == _HASH:
        return types.messages.AvailableReactionsNotModified()
    none = types.DocumentEmpty(0)
    known = [types.AvailableReaction(emoji, emoji, none, none, none, none, none) for emoji in EMOJI]
    return types.messages.AvailableReactions(_HASH, known)


@registry.method(functions.messages.GetTopReactionsRequest)
async def get_top_reactions(ctx: Context, request: functions.messages.GetTopReactionsRequest) -> Any:
    """https://core.telegram.org/method/messages.getTopReactions"""
    chosen = EMOJI[: max(0, request.limit)]
    fresh = list_hash(zlib.crc32(emoji.encode()) for emoji in chosen)
    if request.hash and request.hash == fresh:
        return types.messages.ReactionsNotModified()
    return types.messages.Reactions(fresh, [types.ReactionEmoji(emoji) for emoji in chosen])


@registry.method(functions.messages.GetUnreadReactionsRequest)
async def get_unread_reactions(ctx: Context, request: functions.messages.GetUnreadReactionsRequest) -> Any:
    """https://core.telegram.org/method/messages.getUnreadReactions"""
    viewer, peer = ctx.account.user_id, peer_of(ctx, request.peer)
    found = ctx.world.reactions.unread(viewer, peer)
    numbers, newer = page(
        found,
        offset_id=request.offset_id,
        add_offset=request.add_offset,
        limit=request.limit,
        max_id=request.max_id,
        min_id=request.min_id,
    )
    box = ctx.world.message_actions.box_of(viewer, peer)
    return messages_answer(ctx, box.owner, numbers, len(found), offset=newer, peer=peer)


@registry.method(functions.messages.ReadReactionsRequest)
async def read_reactions(
    ctx: Context, request: functions.messages.ReadReactionsRequest
) -> types.messages.AffectedHistory:
    """https://core.telegram.org/method/messages.readReactions: what is read so takes no pts."""
    viewer, peer = ctx.account.user_id, peer_of(ctx, request.peer)
    ctx.world.reactions.read(viewer, peer)
    box = ctx.world.boxes.box(peer if is_channel(peer) else viewer)
    return types.messages.AffectedHistory(box.pts, 0, 0)
