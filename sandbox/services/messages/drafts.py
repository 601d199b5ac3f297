"""messages.*: drafts. https://core.telegram.org/api/drafts"""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import peer_of
from sandbox.world import text as texts


@registry.method(functions.messages.SaveDraftRequest)
async def save_draft(ctx: Context, request: functions.messages.SaveDraftRequest) -> bool:
    """https://core.telegram.org/method/messages.saveDraft

    Neither a text nor anything to reply to: the draft is forgotten.
    """
    viewer, peer = ctx.account.user_id, peer_of(ctx, request.peer)
    texts.check(request.message, request.entities)
    if request.media is not None and not isinstance(request.media, types.InputMediaWebPage):
        raise RpcError(400, "MEDIA_INVALID")
    _check_reply(ctx, peer, request.reply_to)
    place = peer, thread_of(request.reply_to)
    if not request.message and request.reply_to is None:
        ctx.world.drafts.clear(viewer, place, ctx.push)
        return True
    draft = types.DraftMessage(
        message=request.message,
        date=ctx.world.now(),
        no_webpage=request.no_webpage or None,
        invert_media=request.invert_media or None,
        reply_to=request.reply_to,
        entities=ctx.world.message_actions.kept_entities(viewer, request.entities) or None,
        media=request.media,
        effect=request.effect,
    )
    ctx.world.drafts.save(viewer, place, draft, ctx.push)
    return True


@registry.method(functions.messages.GetAllDraftsRequest)
async def get_all_drafts(ctx: Context, request: functions.messages.GetAllDraftsRequest) -> types.Updates:
    """https://core.telegram.org/method/messages.getAllDrafts"""
    viewer, drafts = ctx.account.user_id, ctx.world.drafts
    places = drafts.places(viewer)
    updates = [ctx.world.render.draft(viewer, *place) for place in places]
    return ctx.world.render.container(viewer, updates, [peer for peer, _ in places])


@registry.method(functions.messages.ClearAllDraftsRequest)
async def clear_all_drafts(ctx: Context, request: functions.messages.ClearAllDraftsRequest) -> bool:
    """https://core.telegram.org/method/messages.clearAllDrafts"""
    viewer, drafts = ctx.account.user_id, ctx.world.drafts
    for place in drafts.places(viewer):
        drafts.clear(viewer, place, ctx.push)
    return True


def thread_of(reply_to: Any) -> int:
    """The topic that an InputReplyTo names; 0 if it names none."""
    return getattr(reply_to, "top_msg_id", None) or 0


def _check_reply(ctx: Context, peer: int, reply_to: Any) -> None:
    if reply_to is None:
        return
    if not isinstance(reply_to, types.InputReplyToMessage):
        raise RpcError(400, "REPLY_TO_INVALID")
    there = peer if reply_to.reply_to_peer_id is None else peer_of(ctx, reply_to.reply_to_peer_id)
    if ctx.world.message_actions.find(ctx.account.user_id, there, reply_to.reply_to_msg_id) is None:
        raise RpcError(400, "MSG_ID_INVALID")
