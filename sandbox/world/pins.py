"""Pinned messages: any number in each chat. https://core.telegram.org/api/pin"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telethon.tl import types

from sandbox.errors import RpcError
from sandbox.world.news import Push
from sandbox.world.posts import Post

if TYPE_CHECKING:
    from sandbox.world.world import World


class Pins:
    """The actions that pin and unpin messages. Peers are marked ids."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._boxes = world.boxes

    def pinned(self, user_id: int, peer: int) -> list[int]:
        """The ids of the pinned messages of that chat, as this account knows them, ascending."""
        return sorted(self._world.message_actions.box_of(user_id, peer).pins.get(peer, ()))

    def pin(
        self, actor: int, peer: int, number: int, push: Push, *, silent: bool = False, one_side: bool = False
    ) -> None:
        """Pin a message for all who have it (in a private chat with `one_side` for oneself), and say so in the chat.

        https://core.telegram.org/method/messages.updatePinnedMessage
        """
        post, owner = self._found(actor, peer, number)
        if owner in post.pinned:
            raise RpcError(400, "CHAT_NOT_MODIFIED")
        alone = one_side and peer > 0
        self._set([post], [owner] if alone else list(post.copies), push, pinned=True)
        if not alone and peer != actor:
            notice = Post(0, actor, peer, self._world.now(), action=types.MessageActionPinMessage(), silent=silent)
            self._world.message_actions.post(notice, push, replied=post)

    def unpin(self, actor: int, peer: int, number: int, push: Push, *, one_side: bool = False) -> None:
        """The reverse of `pin`; nothing is said in the chat."""
        post, owner = self._found(actor, peer, number)
        if owner not in post.pinned:
            raise RpcError(400, "CHAT_NOT_MODIFIED")
        self._set([post], [owner] if one_side and peer > 0 else list(post.copies), push, pinned=False)

    def unpin_all(self, actor: int, peer: int, push: Push) -> int:
        """Unpin all messages of a chat; the pts_count of it in the box that this account sees.

        https://core.telegram.org/method/messages.unpinAllMessages
        """
        self._need(actor, peer)
        box = self._world.message_actions.box_of(actor, peer)
        posts = [box.posts[number] for number in self.pinned(actor, peer)]
        if posts:
            owners = list(dict.fromkeys(owner for post in posts for owner in post.copies))
            self._set(posts, owners, push, pinned=False)
        return len(posts)

    def _found(self, actor: int, peer: int, number: int) -> tuple[Post, int]:
        self._need(actor, peer)
        post = self._world.message_actions.find(actor, peer, number)
        if post is None or post.action is not None:
            raise RpcError(400, "MESSAGE_ID_INVALID")
        return post, self._world.message_actions.box_of(actor, peer).owner

    def _need(self, actor: int, peer: int) -> None:
        """Raise unless that account may pin there: in a channel who edits posts, in groups whom the rules let."""
        if peer > 0:
            return
        chat = self._world.chats[peer]
        if chat.deactivated:
            raise RpcError(400, "PEER_ID_INVALID")
        if actor not in chat.members:
            raise RpcError(403, "CHAT_WRITE_FORBIDDEN")
        right = "edit_messages" if chat.kind == "channel" else "pin_messages"
        ban = chat.ban_of(actor, self._world.clock())
        free = chat.kind != "channel" and right not in chat.default_banned and not (ban and right in ban.rights)
        if not (free or chat.is_admin(actor, right)):
            raise RpcError(400, "CHAT_ADMIN_REQUIRED")

    def _set(self, posts: list[Post], owners: list[int], push: Push, *, pinned: bool) -> None:
        for owner in owners:
            there = [post for post in posts if owner in post.copies and (owner in post.pinned) != pinned]
            if there:
                event = self._boxes.pin(owner, there, pinned=pinned)
                self._world.news.event(owner, event, push)
