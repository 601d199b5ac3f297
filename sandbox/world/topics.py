"""Forum topics: threads with a title in a supergroup. https://core.telegram.org/api/forum

A topic's id is that of the service message that made it. "General" has id 1 and holds what belongs to no other.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from sandbox.errors import RpcError
from sandbox.world.chats import Chat
from sandbox.world.news import Push
from sandbox.world.posts import Post

if TYPE_CHECKING:
    from sandbox.world.world import World

GENERAL = 1
COLOURS = (0x6FB9F0, 0xFFD67E, 0xCB86DB, 0x8EEE98, 0xFF93B2, 0xFB6F5F)
TITLE_LENGTH = 128


@dataclass
class Topic:
    """One topic. Times are unix seconds."""

    id: int
    title: str
    creator: int
    date: int
    icon_color: int = COLOURS[0]
    icon_emoji_id: int = 0
    closed: bool = False
    hidden: bool = False


class Topics:
    """The topics of all forums. Chats are marked ids."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._topics: dict[int, dict[int, Topic]] = {}
        for key, row in world.store.rows("topic"):
            self._topics.setdefault(int(key.partition(":")[0]), {})[row["id"]] = Topic(**row)

    def toggle(self, actor: int, chat: Chat, push: Push, *, enabled: bool, tabs: bool) -> None:
        """Make a supergroup a forum, or an ordinary one again. https://core.telegram.org/method/channels.toggleForum"""
        if chat.kind != "supergroup":
            raise RpcError(400, "CHANNEL_INVALID")
        if actor != chat.creator:
            raise RpcError(400, "CHAT_ADMIN_REQUIRED")
        if (chat.forum, chat.forum_tabs) == (enabled, enabled and tabs):
            raise RpcError(400, "CHAT_NOT_MODIFIED")
        chat.forum, chat.forum_tabs = enabled, enabled and tabs
        self._world.chats.save(chat)
        if enabled and GENERAL not in self._topics.get(chat.marked, {}):
            self._keep(chat, Topic(GENERAL, "General", chat.creator, chat.date))
        for user_id in chat.members:
            self._world.chat_actions.tell_moved(chat, user_id, push)

    def create(
        self, actor: int, chat: Chat, title: str, push: Push, *, color: int = 0, emoji: int = 0, random_id: int = 0
    ) -> Post:
        """A new topic, and the service message that makes it.

        https://core.telegram.org/method/messages.createForumTopic
        """
        known = self._world.boxes.sent(actor, random_id) if random_id else None
        if known is not None:
            return known
        self._need_forum(chat)
        if "manage_topics" in chat.default_banned or actor not in chat.members:
            self._world.chat_actions.need(chat, actor, "manage_topics")
        title = title.strip()[:TITLE_LENGTH]
        if not title:
            raise RpcError(400, "TOPIC_TITLE_EMPTY")
        color = color if color in COLOURS else COLOURS[0]
        action = types.MessageActionTopicCreate(title, color, icon_emoji_id=emoji or None)
        post = Post(0, actor, chat.marked, self._world.now(), action=action, random_id=random_id)
        self._world.message_actions.post(post, push)
        number = post.copies[chat.marked].id
        self._keep(chat, Topic(number, title, actor, post.date, color, emoji))
        return post

    def edit(self, actor: int, chat: Chat, number: int, push: Push, **wanted: Any) -> Post:
        """Change title, icon_emoji_id, closed or hidden of a topic; the service message that says so.

        https://core.telegram.org/method/messages.editForumTopic
        """
        self._need_forum(chat)
        topic = self._topics.get(chat.marked, {}).get(number)
        changes = {name: value for name, value in wanted.items() if value is not None}
        if topic is None or ("hidden" in changes and number != GENERAL):
            raise RpcError(400, "TOPIC_ID_INVALID")
        if actor != topic.creator:
            self._world.chat_actions.need(chat, actor, "manage_topics")
        if "closed" in changes and len(changes) > 1:
            raise RpcError(400, "TOPIC_CLOSE_SEPARATELY")
        if "title" in changes:
            changes["title"] = changes["title"].strip()[:TITLE_LENGTH]
            if not changes["title"]:
                raise RpcError(400, "TOPIC_TITLE_EMPTY")
        changes = {name: value for name, value in changes.items() if getattr(topic, name) != value}
        if not changes:
            raise RpcError(400, "TOPIC_NOT_MODIFIED")
        for name, value in changes.items():
            setattr(topic, name, value)
        self._keep(chat, topic)
        post = Post(0, actor, chat.marked, self._world.now(), action=types.MessageActionTopicEdit(**changes))
        return self._world.message_actions.post(post, push, replied=self._head(chat, number))

    def delete(self, actor: int, chat: Chat, number: int, push: Push) -> int:
        """Delete a topic with all its messages; how many those were.

        https://core.telegram.org/method/messages.deleteTopicHistory
        """
        self._need_forum(chat)
        topic = self._topics.get(chat.marked, {}).get(number)
        if topic is None or number == GENERAL:
            raise RpcError(400, "TOPIC_ID_INVALID")
        self._world.chat_actions.need(chat, actor, "delete_messages")
        ids = self.thread(chat, number)
        del self._topics[chat.marked][number]
        self._world.store.delete("topic", f"{chat.marked}:{number}")
        return self._world.message_actions.delete_in_channel(actor, chat.marked, ids, push)

    def all(self, chat: Chat) -> list[Topic]:
        """The topics of a forum, the one that was last written in first. Raises 400 CHANNEL_FORUM_MISSING."""
        self._need_forum(chat)
        topics = list(self._topics.get(chat.marked, {}).values())
        return sorted(topics, key=lambda topic: self.order(chat, topic), reverse=True)

    def order(self, chat: Chat, topic: Topic) -> tuple[int, int, int]:
        """The date and id of a topic's last message, then the topic: a total order that pages can go on from."""
        ids = self.thread(chat, topic.id)
        date = self._world.boxes.box(chat.marked).posts[ids[-1]].date if ids else topic.date
        return date, ids[-1] if ids else 0, topic.id

    def thread(self, chat: Chat, number: int) -> list[int]:
        """The ids of a topic's messages, ascending, with the one that made it."""
        box = self._world.boxes.box(chat.marked)
        return [each for each in box.ids if self.of(box.posts[each]) == number]

    def of(self, post: Post) -> int:
        """The id of the topic that a message belongs to; 0 outside of forums."""
        chat = self._world.chats.get(post.to) if post.to < 0 else None
        if chat is None or not chat.forum:
            return 0
        known = self._topics.get(post.to, {})
        copy = post.copies.get(post.to)
        for number in (post.thread, post.replies.get(post.to, 0), copy.id if copy else 0):
            if number in known and number != GENERAL:
                return number
        return GENERAL

    def check_open(self, author: int, chat: Chat, replied: Post | None, thread: int) -> None:
        """Raise 400 TOPIC_DELETED or TOPIC_CLOSED if that account may not write in the topic that it names."""
        if not chat.forum:
            return
        known = self._topics.get(chat.marked, {})
        if thread and thread not in known:
            raise RpcError(400, "TOPIC_DELETED")
        topic = known.get(self.of(replied) if replied is not None else GENERAL)
        if (
            topic is not None
            and topic.closed
            and author != topic.creator
            and not chat.is_admin(author, "manage_topics")
        ):
            raise RpcError(400, "TOPIC_CLOSED")

    def tl(self, viewer: int, chat: Chat, topic: Topic) -> types.ForumTopic:
        """The topic as an account sees it."""
        ids = self.thread(chat, topic.id)
        dialog = self._world.boxes.dialog(viewer, chat.marked)
        posts = self._world.boxes.box(chat.marked).posts
        unread = [number for number in ids if number > dialog.read_inbox and posts[number].author != viewer]
        return types.ForumTopic(
            id=topic.id,
            date=topic.date,
            peer=types.PeerChannel(chat.bare_id),
            title=topic.title,
            icon_color=topic.icon_color,
            top_message=ids[-1] if ids else topic.id,
            read_inbox_max_id=dialog.read_inbox,
            read_outbox_max_id=dialog.read_outbox,
            unread_count=len(unread),
            unread_mentions_count=0,
            unread_reactions_count=0,
            unread_poll_votes_count=0,
            from_id=types.PeerUser(topic.creator),
            notify_settings=types.PeerNotifySettings(),
            my=topic.creator == viewer or None,
            closed=topic.closed or None,
            hidden=topic.hidden or None,
            icon_emoji_id=topic.icon_emoji_id or None,
            draft=self._world.drafts.get(viewer, chat.marked, topic.id),
        )

    def _need_forum(self, chat: Chat) -> None:
        if not chat.forum:
            raise RpcError(400, "CHANNEL_FORUM_MISSING")

    def _head(self, chat: Chat, number: int) -> Post | None:
        return self._world.boxes.box(chat.marked).posts.get(number) if number != GENERAL else None

    def _keep(self, chat: Chat, topic: Topic) -> None:
        self._topics.setdefault(chat.marked, {})[topic.id] = topic
        self._world.store.put("topic", f"{chat.marked}:{topic.id}", asdict(topic))
