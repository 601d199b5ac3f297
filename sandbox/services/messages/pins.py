"""messages.*: pinned messages. https://core.telegram.org/api/pin"""

from __future__ import annotations

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.services.answers import changes_answer, peer_of


@registry.method(functions.messages.UpdatePinnedMessageRequest)
async def update_pinned_message(ctx: Context, request: functions.messages.UpdatePinnedMessageRequest) -> types.Updates:
    """https://core.telegram.org/method/messages.updatePinnedMessage"""
    actor, peer = ctx.account.user_id, peer_of(ctx, request.peer)
    one_side = bool(request.pm_oneside)
    if request.unpin:
        ctx.world.pins.unpin(actor, peer, request.id, ctx.push, one_side=one_side)
    else:
        ctx.world.pins.pin(actor, peer, request.id, ctx.push, silent=bool(request.silent), one_side=one_side)
    return changes_answer(ctx, mentioned=[peer])


@registry.method(functions.messages.UnpinAllMessagesRequest)
async def unpin_all_messages(ctx: Context, request: functions.messages.UnpinAllMessagesRequest) -> object:
    """https://core.telegram.org/method/messages.unpinAllMessages"""
    actor, peer = ctx.account.user_id, peer_of(ctx, request.peer)
    count = ctx.world.pins.unpin_all(actor, peer, ctx.push)
    return types.messages.AffectedHistory(ctx.world.message_actions.box_of(actor, peer).pts, count, 0)
