"""messages.*: sending, forwarding, typing."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import peer_of, sent_answer
from sandbox.services.messages.drafts import thread_of
from sandbox.services.messages.scheduled import due_later, schedule
from sandbox.world.message_actions import Draft


@registry.method(functions.messages.SendMessageRequest)
async def send_message(ctx: Context, request: functions.messages.SendMessageRequest) -> Any:
    """https://core.telegram.org/method/messages.sendMessage

    A text to a user that the server took as it was is answered by updateShortSentMessage, all else by updates.
    """
    author = ctx.account.user_id
    peer = peer_of(ctx, request.peer)
    refuse_duplicates(ctx, [request.random_id])
    draft = Draft(
        request.message,
        request.entities,
        _reply_to(request.reply_to),
        request.random_id,
        bool(request.silent),
        thread=thread_of(request.reply_to),
        no_preview=bool(request.no_webpage),
        above=bool(request.invert_media),
    )
    date = due_later(ctx, peer, request.schedule_date)
    if date:
        answer = schedule(ctx, peer, [draft], date)
    else:
        post = ctx.world.message_actions.send(author, peer, draft, ctx.push)
    if request.clear_draft:
        ctx.world.drafts.clear(author, (peer, thread_of(request.reply_to)), ctx.push)
    if date:
        return answer
    if peer > 0 and not post.altered and author in post.copies:
        copy = post.copies[author]
        return types.UpdateShortSentMessage(
            copy.id, copy.pts, 1, post.date, out=True, media=post.media, entities=post.entities or None
        )
    return sent_answer(ctx, [post])


@registry.method(functions.messages.ForwardMessagesRequest)
async def forward_messages(ctx: Context, request: functions.messages.ForwardMessagesRequest) -> types.Updates:
    """https://core.telegram.org/method/messages.forwardMessages"""
    source, target = peer_of(ctx, request.from_peer), peer_of(ctx, request.to_peer)
    refuse_duplicates(ctx, request.random_id)
    author, actions = ctx.account.user_id, ctx.world.message_actions
    drafts = actions.forwarded(
        author,
        source,
        request.id,
        target,
        request.random_id,
        drop_author=bool(request.drop_author),
        silent=bool(request.silent),
    )
    date = due_later(ctx, target, request.schedule_date)
    if date:
        return schedule(ctx, target, drafts, date)
    return sent_answer(ctx, [actions.send(author, target, draft, ctx.push) for draft in drafts])


@registry.method(functions.messages.SetTypingRequest)
async def set_typing(ctx: Context, request: functions.messages.SetTypingRequest) -> bool:
    """https://core.telegram.org/method/messages.setTyping"""
    ctx.world.reading.typing(ctx.account.user_id, peer_of(ctx, request.peer), request.action, ctx.push)
    return True


def refuse_duplicates(ctx: Context, random_ids: list[int]) -> None:
    """Raise 400 RANDOM_ID_EMPTY for 0, and what the fault `random_id` says of one that this account has used.

    Both answers to a repeated random_id are documented: the first result again, or 500 RANDOM_ID_DUPLICATE.
    """
    if not all(random_ids):
        raise RpcError(400, "RANDOM_ID_EMPTY")
    author, sent = ctx.account.user_id, ctx.world.boxes.sent
    if ctx.server.faults.random_id == "duplicate_error" and any(sent(author, each) for each in random_ids):
        ctx.server.faults.met["RANDOM_ID_DUPLICATE"] += 1
        raise RpcError(500, "RANDOM_ID_DUPLICATE")


def _reply_to(reply_to: Any) -> int | None:
    if reply_to is None:
        return None
    if not isinstance(reply_to, types.InputReplyToMessage) or reply_to.reply_to_peer_id is not None:
        raise RpcError(400, "REPLY_TO_INVALID")
    return int(reply_to.reply_to_msg_id) or None
