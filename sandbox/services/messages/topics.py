"""messages.*: forum topics, and the threads that they are. https://core.telegram.org/api/forum"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import messages_answer, page, peer_of, seconds, sent_answer, service_answer
from sandbox.world.chats import Chat
from sandbox.world.ids import is_channel
from sandbox.world.topics import Topic

LIST_LIMIT = 100


@registry.method(functions.messages.CreateForumTopicRequest)
async def create_forum_topic(ctx: Context, request: functions.messages.CreateForumTopicRequest) -> types.Updates:
    """https://core.telegram.org/method/messages.createForumTopic"""
    chat = _forum(ctx, request.peer)
    post = ctx.world.topics.create(
        ctx.account.user_id,
        chat,
        request.title,
        ctx.push,
        color=request.icon_color or 0,
        emoji=request.icon_emoji_id or 0,
        random_id=request.random_id,
    )
    return sent_answer(ctx, [post])


@registry.method(functions.messages.EditForumTopicRequest)
async def edit_forum_topic(ctx: Context, request: functions.messages.EditForumTopicRequest) -> types.Updates:
    """https://core.telegram.org/method/messages.editForumTopic"""
    chat = _forum(ctx, request.peer)
    post = ctx.world.topics.edit(
        ctx.account.user_id,
        chat,
        request.topic_id,
        ctx.push,
        title=request.title,
        icon_emoji_id=request.icon_emoji_id,
        closed=request.closed,
        hidden=request.hidden,
    )
    return service_answer(ctx, post)


@registry.method(functions.messages.DeleteTopicHistoryRequest)
async def delete_topic_history(ctx: Context, request: functions.messages.DeleteTopicHistoryRequest) -> Any:
    """https://core.telegram.org/method/messages.deleteTopicHistory"""
    chat = _forum(ctx, request.peer)
    count = ctx.world.topics.delete(ctx.account.user_id, chat, request.top_msg_id, ctx.push)
    return types.messages.AffectedHistory(ctx.world.boxes.box(chat.marked).pts, count, 0)


@registry.method(functions.messages.GetForumTopicsRequest)
async def get_forum_topics(ctx: Context, request: functions.messages.GetForumTopicsRequest) -> Any:
    """https://core.telegram.org/method/messages.getForumTopics"""
    chat, topics = _forum(ctx, request.peer), ctx.world.topics
    words = (request.q or "").lower().split()
    found = [topic for topic in topics.all(chat) if all(word in topic.title.lower() for word in words)]
    count = len(found)
    if request.offset_topic:
        offset = seconds(request.offset_date), request.offset_id, request.offset_topic
        found = [topic for topic in found if topics.order(chat, topic) < offset]
    return _topics(ctx, chat, found[: max(1, min(request.limit, LIST_LIMIT))], count)


@registry.method(functions.messages.GetForumTopicsByIDRequest)
async def get_forum_topics_by_id(ctx: Context, request: functions.messages.GetForumTopicsByIDRequest) -> Any:
    """https://core.telegram.org/method/messages.getForumTopicsByID: forumTopicDeleted for each that is not there."""
    if not request.topics:
        raise RpcError(400, "TOPICS_EMPTY")
    chat = _forum(ctx, request.peer)
    known = {topic.id: topic for topic in ctx.world.topics.all(chat)}
    answer = _topics(ctx, chat, [known[each] for each in request.topics if each in known], len(request.topics))
    shown = {topic.id: topic for topic in answer.topics}
    answer.topics = [shown.get(each) or types.ForumTopicDeleted(each) for each in request.topics]
    return answer


@registry.method(functions.messages.GetRepliesRequest)
async def get_replies(ctx: Context, request: functions.messages.GetRepliesRequest) -> Any:
    """https://core.telegram.org/method/messages.getReplies: of a supergroup's message, or of a topic."""
    peer = peer_of(ctx, request.peer)
    box = ctx.world.boxes.box(peer)
    if not is_channel(peer) or request.msg_id not in box.posts:
        raise RpcError(400, "MSG_ID_INVALID")
    head = request.msg_id
    chat = ctx.world.chats[peer]
    ids = ctx.world.topics.thread(chat, head) if chat.forum else [each for each in box.ids if head in _heads(box, each)]
    ids = [number for number in ids if number != head]
    numbers, newer = page(
        ids,
        offset_id=request.offset_id,
        add_offset=request.add_offset,
        limit=request.limit,
        max_id=request.max_id,
        min_id=request.min_id,
    )
    return messages_answer(ctx, peer, numbers, len(ids), offset=newer, peer=peer)


def _heads(box: Any, number: int) -> Iterable[int]:
    post = box.posts[number]
    return post.thread, post.replies.get(box.owner, 0)


def _forum(ctx: Context, given: Any) -> Chat:
    """The supergroup that an InputPeer names. Raises 400 PEER_ID_INVALID for anything else."""
    peer = peer_of(ctx, given)
    if not is_channel(peer):
        raise RpcError(400, "PEER_ID_INVALID")
    return ctx.world.chats[peer]


def _topics(ctx: Context, chat: Chat, topics: list[Topic], count: int) -> types.messages.ForumTopics:
    viewer, world = ctx.account.user_id, ctx.world
    box = world.boxes.box(chat.marked)
    shown = [world.topics.tl(viewer, chat, topic) for topic in topics]
    tops = [box.posts[topic.top_message] for topic in shown if topic.top_message in box.posts]
    mentioned = [chat.marked, *(topic.creator for topic in topics)]
    for post in tops:
        mentioned += world.render.mentioned(post, chat.marked)
    users, chats = world.peers.entities(viewer, mentioned)
    messages = [world.render.message(post, chat.marked, viewer) for post in tops]
    return types.messages.ForumTopics(count, shown, messages, chats, users, box.pts)
