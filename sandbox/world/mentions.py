"""Who is named in groups: by @username, by a mention of a nameless account, or by a reply to one's message.

Unread mentions are kept apart from unread messages: reading a chat does not touch them.
https://core.telegram.org/api/mentions
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from sandbox.world.ids import is_channel
from sandbox.world.news import Push
from sandbox.world.posts import Post

if TYPE_CHECKING:
    from sandbox.world.world import World


class Mentions:
    """The mentions of all accounts. Peers are marked ids."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._boxes = world.boxes

    def note(self, post: Post, replied: Post | None) -> None:
        """Find out whom a message names, and keep it as unread for each. The message is in its boxes already."""
        chat = self._world.chats.get(post.to) if post.to < 0 else None
        if chat is None or chat.kind == "channel" or post.action is not None:
            return
        named = set(self._named(post))
        if replied is not None and replied.action is None:
            named.add(replied.author)
        post.mentions = sorted((named & chat.members.keys()) - {post.author})
        for user_id in post.mentions:
            owner = post.to if is_channel(post.to) else user_id
            dialog = self._boxes.dialog(user_id, post.to)
            dialog.mentions.append(post.copies[owner].id)
            self._boxes.save_dialog(user_id, dialog)
        if post.mentions:
            self._boxes.save_post(post)

    def unread(self, user_id: int, peer: int) -> list[int]:
        """The ids of the living messages there in which this account is named and has not seen it, ascending."""
        dialog = self._boxes.box(user_id).dialogs.get(peer)
        posts = self._boxes.box(peer if is_channel(peer) else user_id).posts
        return [number for number in dialog.mentions if number in posts] if dialog else []

    def read(self, user_id: int, peer: int, push: Push, *, only: Iterable[int] | None = None) -> int:
        """Mark the mentions in that chat (or `only` some of them) as seen; how many were not.

        https://core.telegram.org/method/messages.readMentions
        """
        wanted = None if only is None else set(only)
        seen = [number for number in self.unread(user_id, peer) if wanted is None or number in wanted]
        if not seen:
            return 0
        dialog = self._boxes.dialog(user_id, peer)
        dialog.mentions = [number for number in dialog.mentions if number not in seen]
        self._boxes.save_dialog(user_id, dialog)
        if is_channel(peer):
            self._world.news.aside(user_id, "rcont", [peer, seen], push)
        else:
            self._world.news.event(user_id, self._boxes.contents_read(user_id, seen), push)
        return len(seen)

    def read_messages(self, user_id: int, ids: list[int], push: Push) -> int:
        """Mark the mentions in these messages of the account's own box as seen.

        https://core.telegram.org/method/messages.readMessageContents
        """
        box = self._boxes.box(user_id)
        peers = dict.fromkeys(box.posts[number].peer(user_id) for number in ids if number in box.posts)
        return sum(self.read(user_id, peer, push, only=ids) for peer in peers)

    def _named(self, post: Post) -> Iterable[int]:
        units = post.text.encode("utf-16-le")
        for entity in post.entities or ():
            if isinstance(entity, types.MessageEntityMentionName):
                yield entity.user_id
            elif isinstance(entity, types.MessageEntityMention):
                name = units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le", "replace")
                account: Any = self._world.accounts.by_username(name)
                if account is not None:
                    yield account.user_id
