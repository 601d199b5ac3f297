"""messages.*: reading messages back."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import list_hash, messages_answer, page, peer_of, seconds
from sandbox.world.box import Box


@registry.method(functions.messages.GetHistoryRequest)
async def get_history(ctx: Context, request: functions.messages.GetHistoryRequest) -> Any:
    """https://core.telegram.org/method/messages.getHistory, https://core.telegram.org/api/offsets"""
    peer = peer_of(ctx, request.peer)
    box = ctx.world.message_actions.box_of(ctx.account.user_id, peer)
    ids = box.thread(peer)
    offset_id = request.offset_id
    if not offset_id and seconds(request.offset_date):
        offset_id = first_since(box, ids, seconds(request.offset_date))
    numbers, newer = page(
        ids,
        offset_id=offset_id,
        add_offset=request.add_offset,
        limit=request.limit,
        max_id=request.max_id,
        min_id=request.min_id,
    )
    if request.hash and request.hash == results_hash(box, numbers):
        return types.messages.MessagesNotModified(len(ids))
    return messages_answer(ctx, box.owner, numbers, len(ids), offset=newer, peer=peer)


@registry.method(functions.messages.GetMessagesRequest)
async def get_messages(ctx: Context, request: functions.messages.GetMessagesRequest) -> Any:
    """https://core.telegram.org/method/messages.getMessages

    Of the account's own box; an empty one for each that is not there.
    """
    return named_messages(ctx, ctx.world.boxes.box(ctx.account.user_id), request.id)


@registry.method(functions.messages.GetUnreadMentionsRequest)
async def get_unread_mentions(ctx: Context, request: functions.messages.GetUnreadMentionsRequest) -> Any:
    """https://core.telegram.org/method/messages.getUnreadMentions"""
    peer = peer_of(ctx, request.peer)
    box = ctx.world.message_actions.box_of(ctx.account.user_id, peer)
    found = ctx.world.mentions.unread(ctx.account.user_id, peer)
    numbers, newer = page(
        found,
        offset_id=request.offset_id,
        add_offset=request.add_offset,
        limit=request.limit,
        max_id=request.max_id,
        min_id=request.min_id,
    )
    return messages_answer(ctx, box.owner, numbers, len(found), offset=newer, peer=peer)


@registry.method(functions.messages.SearchRequest)
async def search(ctx: Context, request: functions.messages.SearchRequest) -> Any:
    """https://core.telegram.org/method/messages.search

    By words of the text, a sender (not in private chats: Telegram ignores it there), a time; in one chat, or without a
    peer in all private chats and basic groups. Whatever filter asks for media finds nothing.
    """
    if isinstance(request.peer, types.InputPeerEmpty):
        if not request.q and request.from_id is None:
            raise RpcError(400, "SEARCH_QUERY_EMPTY")
        peer, box = 0, ctx.world.boxes.box(ctx.account.user_id)
        ids = sorted(box.posts)
    else:
        peer = peer_of(ctx, request.peer)
        box = ctx.world.message_actions.box_of(ctx.account.user_id, peer)
        ids = box.thread(peer)
    author = None
    if request.from_id is not None and peer <= 0:
        author = ctx.world.peers.resolve(ctx.account, request.from_id)
    if isinstance(request.filter, types.InputMessagesFilterPinned):
        ids = ctx.world.pins.pinned(ctx.account.user_id, peer) if peer else []
    elif not isinstance(request.filter, types.InputMessagesFilterEmpty):
        ids = []
    since, until = seconds(request.min_date), seconds(request.max_date)
    found = matches(box, ids, request.q, author=author, since=since, until=until)
    numbers, newer = page(
        found,
        offset_id=request.offset_id,
        add_offset=request.add_offset,
        limit=request.limit,
        max_id=request.max_id,
        min_id=request.min_id,
    )
    if request.limit <= 0:  # then only the count is asked for
        numbers = []
    return messages_answer(ctx, box.owner, numbers, len(found), offset=newer, peer=peer)


def named_messages(ctx: Context, box: Box, inputs: list[Any]) -> Any:
    """The messages that these InputMessages name, in their order; MessageEmpty for each that is not there."""
    if not inputs:
        raise RpcError(400, "MESSAGE_IDS_EMPTY")
    if len(inputs) > 100:
        raise RpcError(400, "MESSAGE_IDS_TOO_MUCH")
    wanted = [_number(box, each) for each in inputs]
    there = [number for number in wanted if number in box.posts]
    answer = messages_answer(ctx, box.owner, there, len(there), peer=min(0, box.owner))
    found = dict(zip(there, answer.messages, strict=True))
    answer.messages = [found.get(number) or types.MessageEmpty(number, None) for number in wanted]
    if hasattr(answer, "count"):
        answer.count = len(wanted)
    return answer


def first_since(box: Box, ids: list[int], date: int) -> int:
    """The first id whose message is not older than that date: dates grow with ids."""
    where = bisect_left(ids, date, key=lambda number: box.posts[number].date)
    return ids[where] if where < len(ids) else 0


def results_hash(box: Box, numbers: list[int]) -> int:
    """https://core.telegram.org/api/offsets#hash-generation: over ids, and edit dates where there are any."""
    return list_hash(part for number in numbers for part in (number, box.posts[number].edit_date))


def _number(box: Box, given: Any) -> int:
    if isinstance(given, types.InputMessageID):
        return int(given.id)
    if isinstance(given, types.InputMessageReplyTo):
        post = box.posts.get(given.id)
        return post.replies.get(box.owner, 0) if post else 0
    if isinstance(given, types.InputMessagePinned):
        return max(box.pins.get(box.owner, ()), default=0)
    return 0


def matches(
    box: Box, ids: list[int], query: str, *, author: int | None = None, since: int = 0, until: int = 0
) -> list[int]:
    """Of these messages those with all words of the query, by that author, between these times (both excluded)."""
    words = query.lower().split()
    found = []
    for number in ids:
        post = box.posts[number]
        if (since and post.date <= since) or (until and post.date >= until):
            continue
        if (author is None or post.author == author) and all(word in post.text.lower() for word in words):
            found.append(number)
    return found
