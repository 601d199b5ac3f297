"""Who has read what, and who is typing. `push` is as in `news`."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from sandbox.world.news import Push
from sandbox.world.posts import Post

if TYPE_CHECKING:
    from sandbox.world.world import World


class Reading:
    """The actions that mark messages as read, and the one that shows typing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chats = world.chats
        self._boxes = world.boxes

    def read(self, reader: int, peer: int, max_id: int, push: Push) -> int:
        """Read a private chat or basic group up to that id (0: all of it); the pts_count of it.

        https://core.telegram.org/method/messages.readHistory
        """
        box = self._boxes.box(reader)
        ids = box.thread(peer)
        dialog = box.dialogs.get(peer)
        if dialog is None or not ids:
            return 0
        limit = min(max_id, ids[-1]) if max_id > 0 else ids[-1]
        start = bisect_right(ids, dialog.read_inbox)
        if limit <= dialog.read_inbox:
            return 0
        newly = [box.posts[number] for number in ids[start : bisect_right(ids, limit)]]
        event = self._boxes.read_inbox(reader, peer, limit)
        self._world.news.event(reader, event, push)
        for author, post in self._last_by_author(newly, reader).items():
            self._read_by_peer(author, post, push)
        return event.pts_count

    def read_channel(self, reader: int, channel: int, max_id: int, push: Push) -> None:
        """https://core.telegram.org/method/channels.readHistory"""
        chat = self._world.message_actions.readable_channel(reader, channel)
        box = self._boxes.box(channel)
        if reader not in chat.members or not box.ids:
            return
        dialog = self._boxes.dialog(reader, channel)
        limit = min(max_id, box.ids[-1]) if max_id > 0 else box.ids[-1]
        start, end = bisect_right(box.ids, dialog.read_inbox), bisect_right(box.ids, limit)
        if limit <= dialog.read_inbox:
            return
        dialog.read_inbox = limit
        self._boxes.save_dialog(reader, dialog)
        self._world.news.aside(reader, "rcin", [channel, limit, self._boxes.unread(reader, dialog), box.pts], push)
        if chat.kind == "supergroup":
            newly = [box.posts[number] for number in box.ids[start:end]]
            for author, post in self._last_by_author(newly, reader).items():
                self._channel_read_by_peer(author, channel, post.copies[channel].id, push)

    def typing(self, user_id: int, peer: int, action: Any, push: Push) -> None:
        """https://core.telegram.org/method/messages.setTyping"""
        self._world.message_actions.check_can_write(user_id, peer)
        if peer > 0:
            viewers = [] if user_id in self._world.accounts[peer].blocked else [peer]
            update = types.UpdateUserTyping(user_id, action)
        else:
            chat = self._chats[peer]
            viewers = list(chat.members)
            kind = types.UpdateChatUserTyping if chat.is_group else types.UpdateChannelUserTyping
            update = kind(chat.bare_id, types.PeerUser(user_id), action)
        for viewer in viewers:
            if viewer != user_id and self._world.listening(viewer):
                push(viewer, types.UpdateShort(update, self._world.now()))

    def _last_by_author(self, posts: list[Post], reader: int) -> dict[int, Post]:
        return {post.author: post for post in posts if post.author != reader}

    def _read_by_peer(self, author: int, post: Post, push: Push) -> None:
        if author not in post.copies:
            return
        peer, number = post.peer(author), post.copies[author].id
        if self._boxes.dialog(author, peer).read_outbox >= number:
            return
        event = self._boxes.read_outbox(author, peer, number)
        self._world.news.event(author, event, push)

    def _channel_read_by_peer(self, author: int, channel: int, number: int, push: Push) -> None:
        if author not in self._chats[channel].members:
            return
        dialog = self._boxes.dialog(author, channel)
        if dialog.read_outbox < number:
            dialog.read_outbox = number
            self._boxes.save_dialog(author, dialog)
            self._world.news.aside(author, "rcout", [channel, number], push)
