"""What several message methods answer with: pages of messages, a sender's result, a state of the box."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from telethon.tl import types

from sandbox.dispatch import Context
from sandbox.errors import RpcError
from sandbox.world.chats import Chat
from sandbox.world.ids import is_channel
from sandbox.world.posts import Post

HISTORY_LIMIT = 100
DEFAULT_LIMIT = 20  # what a limit of 0 means


def seconds(when: datetime | None) -> int:
    """A date of a request in unix seconds; 0 if it was left out (on the wire that is 1970)."""
    return int(when.timestamp()) if when else 0


def peer_of(ctx: Context, input_peer: Any) -> int:
    """The marked id of a peer whose messages this account may see.

    Raises 400 PEER_ID_INVALID, CHANNEL_INVALID; 406 CHANNEL_PRIVATE. A basic group has no access hash: only those
    who are or were in it may name it.
    """
    viewer = ctx.account
    marked = ctx.world.peers.resolve(viewer, input_peer)
    if is_channel(marked):
        ctx.world.message_actions.readable_channel(viewer.user_id, marked)
    elif marked < 0:
        known_group(ctx, marked, error="PEER_ID_INVALID")
    return marked


def known_group(ctx: Context, marked: int, *, error: str = "CHAT_ID_INVALID") -> Chat:
    """A basic group that this account is or was in; else 400 with that error."""
    chat = ctx.world.chats.get(marked)
    user_id = ctx.account.user_id
    if chat is None or not chat.is_group or not (user_id in chat.members or user_id in chat.former):
        raise RpcError(400, error)
    return chat


def page(
    ids: list[int],
    *,
    offset_id: int = 0,
    add_offset: int = 0,
    limit: int = HISTORY_LIMIT,
    max_id: int = 0,
    min_id: int = 0,
) -> tuple[list[int], int]:
    """One page of ascending ids, newest first, and how many newer ones lie before it.

    https://core.telegram.org/api/offsets: the page starts at the newest id below `offset_id` (0: at the newest of all),
    moved by `add_offset`; of it, `max_id` and `min_id` cut off what does not lie between them (both excluded).
    """
    start = bisect_left(ids, offset_id) if offset_id > 0 else len(ids)
    limit = min(limit, HISTORY_LIMIT) if limit > 0 else DEFAULT_LIMIT
    first = len(ids) - start + add_offset
    newer = max(first, 0)
    limit = max(0, limit + min(first, 0))  # a page that would begin above the newest message is so much shorter
    end = max(len(ids) - newer, 0)
    chosen = ids[max(end - limit, 0) : end]
    if max_id > 0:
        chosen = chosen[: bisect_left(chosen, max_id)]
    if min_id > 0:
        chosen = chosen[bisect_right(chosen, min_id) :]
    return chosen[::-1], newer


def list_hash(numbers: Iterable[int]) -> int:
    """The hash of a list of ids (https://core.telegram.org/api/offsets#hash-generation), signed as a TL long."""
    result = 0
    for number in numbers:
        result ^= result >> 21
        result ^= (result << 35) & 0xFFFFFFFFFFFFFFFF
        result ^= result >> 4
        result = (result + number) & 0xFFFFFFFFFFFFFFFF
    return result - (1 << 64) if result >> 63 else result


def messages_answer(ctx: Context, owner: int, numbers: list[int], count: int, *, offset: int = 0, peer: int = 0) -> Any:
    """messages.Messages, MessagesSlice or ChannelMessages with these messages of one box."""
    viewer, world = ctx.account.user_id, ctx.world
    box = world.boxes.box(owner)
    posts = [box.posts[number] for number in numbers]
    messages = [world.render.message(post, owner, viewer) for post in posts]
    mentioned = [peer] if peer else []
    for post in posts:
        mentioned += world.render.mentioned(post, owner)
    users, chats = world.peers.entities(viewer, mentioned)
    if is_channel(owner):
        return types.messages.ChannelMessages(
            box.pts, count, messages, [], chats, users, offset_id_offset=offset or None
        )
    if len(messages) < count:
        return types.messages.MessagesSlice(count, messages, [], chats, users, offset_id_offset=offset or None)
    return types.messages.Messages(messages, [], chats, users)


def sent_answer(ctx: Context, posts: list[Post]) -> types.Updates:
    """What the sender of new messages gets: their random_ids with the ids, then the messages themselves."""
    viewer, world = ctx.account.user_id, ctx.world
    updates: list[Any] = []
    mentioned: list[int] = []
    for post in posts:
        owner = post.to if is_channel(post.to) else viewer
        copy = post.copies.get(owner)
        if copy is None:  # deleted since: a repeated random_id still gets no second message
            raise RpcError(500, "RANDOM_ID_DUPLICATE")
        if post.random_id:
            updates.append(types.UpdateMessageID(copy.id, post.random_id))
        mentioned += world.render.mentioned(post, owner)
    for post in posts:
        owner = post.to if is_channel(post.to) else viewer
        copy = post.copies[owner]
        message = world.render.message(post, owner, viewer)
        if is_channel(owner):
            updates.append(world.message_actions.own_read(viewer, owner, post))
            updates.append(types.UpdateNewChannelMessage(message, copy.pts, 1))
        else:
            updates.append(types.UpdateNewMessage(message, copy.pts, 1))
    return world.render.container(viewer, updates, mentioned)


def service_answer(ctx: Context, post: Post, extra: list[Any] | None = None) -> types.Updates:
    """What somebody gets whose action left a service message."""
    viewer = ctx.account.user_id
    owner = post.to if is_channel(post.to) else viewer
    return ctx.world.message_actions.new_updates(post, owner, viewer, extra)


def changes_answer(ctx: Context, *first: Any, mentioned: Iterable[int] = ()) -> types.Updates:
    """What somebody gets whose action did several things: `first`, then all that its account's other sessions are told.

    This session is pushed nothing of it, so whatever bears a pts has to stand here.
    """
    viewer = ctx.account.user_id
    answer = ctx.world.render.container(viewer, list(first), mentioned)
    seen = {bytes(update) for update in first}
    people = {each.id for each in (*answer.users, *answer.chats)}
    for user_id, pushed in ctx.pushes:
        if user_id != viewer or not isinstance(pushed, types.Updates):
            continue
        answer.updates += [update for update in pushed.updates if bytes(update) not in seen]
        seen |= {bytes(update) for update in pushed.updates}
        for known, found in ((answer.users, pushed.users), (answer.chats, pushed.chats)):
            known += [each for each in found if each.id not in people]
        people |= {each.id for each in (*pushed.users, *pushed.chats)}
    return answer


def who_may_be_invited(ctx: Context, users: Iterable[int]) -> tuple[list[int], list[types.MissingInvitee]]:
    """Those whose privacy rules let this account bring them into groups, and the others."""
    viewer, accounts, privacy = ctx.account.user_id, ctx.world.accounts, ctx.world.privacy
    willing, missing = [], []
    for user_id in users:
        if privacy.allows(accounts[user_id], "ChatInvite", viewer):
            willing.append(user_id)
        else:
            missing.append(types.MissingInvitee(user_id))
    return willing, missing


def affected(ctx: Context, pts_count: int, owner: int | None = None) -> types.messages.AffectedMessages:
    """The box's pts after a change by `pts_count`."""
    box = ctx.world.boxes.box(owner if owner is not None else ctx.account.user_id)
    return types.messages.AffectedMessages(box.pts, pts_count)
