"""Reactions to messages: one of each account (nobody here has Telegram Premium). https://core.telegram.org/api/reactions"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from sandbox.errors import RpcError
from sandbox.world.chats import Chat
from sandbox.world.ids import is_channel
from sandbox.world.news import Push
from sandbox.world.peers import peer as tl_peer
from sandbox.world.posts import Post

if TYPE_CHECKING:
    from sandbox.world.world import World

UNIQUE_MAX = 11  # help.getAppConfig's reactions_uniq_max
OF_ONE_USER = 1  # and its reactions_user_max_default
RECENT = 3  # how many of those who reacted a message names
_NAMED = """
👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥
🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨
🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡
"""
EMOJI = _NAMED.split()


class Reactions:
    """The reactions to all messages. Peers are marked ids."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._boxes = world.boxes

    def react(self, actor: int, peer: int, number: int, given: list[Any], push: Push, *, big: bool = False) -> None:
        """Set what an account feels about a message; nothing given takes it back.

        https://core.telegram.org/method/messages.sendReaction
        """
        post = self._world.message_actions.find(actor, peer, number)
        if post is None or post.action is not None:
            raise RpcError(400, "MESSAGE_ID_INVALID")
        self._check_may(actor, peer)
        wanted = [self._emoji(peer, reaction) for reaction in given]
        if len(wanted) > OF_ONE_USER:
            raise RpcError(403, "PREMIUM_ACCOUNT_REQUIRED")
        others = [row for row in post.reactions if row[0] != actor]
        if wanted == [row[1] for row in post.reactions if row[0] == actor]:
            raise RpcError(400, "MESSAGE_NOT_MODIFIED")
        if len({row[1] for row in others} | set(wanted)) > max(self._limit(peer), len({row[1] for row in others})):
            raise RpcError(400, "REACTIONS_TOO_MANY")
        seen = post.author == actor
        post.reactions = [*others, *([actor, emoji, self._world.now(), big, seen] for emoji in wanted)]
        self._boxes.save_post(post)
        self._note_unread(post)
        for viewer, seen_as in self._learning(post, actor):
            self._world.news.aside(viewer, "react", list(seen_as), push)

    def set_available(self, actor: int, chat: Chat, allowed: list[str] | None, limit: int | None, push: Push) -> None:
        """Say with what a chat's messages may be reacted to (None: anything), and how many different ones each takes.

        https://core.telegram.org/method/messages.setChatAvailableReactions
        """
        self._world.chat_actions.need(chat, actor, "change_info", only_admins=True)
        if allowed is not None and not set(allowed) <= set(EMOJI):
            raise RpcError(400, "REACTION_INVALID")
        new = allowed, limit or chat.reactions_limit
        if new == (chat.reactions, chat.reactions_limit):
            raise RpcError(400, "CHAT_NOT_MODIFIED")
        chat.reactions, chat.reactions_limit = new
        self._world.chats.save(chat)
        if not chat.is_group:
            for user_id in chat.members:
                self._world.chat_actions.tell_moved(chat, user_id, push)

    def available(self, chat: Chat) -> types.TypeChatReactions:
        """What a chat's full information says of its reactions."""
        if chat.reactions is None:
            return types.ChatReactionsAll()
        if not chat.reactions:
            return types.ChatReactionsNone()
        return types.ChatReactionsSome([types.ReactionEmoji(emoji) for emoji in chat.reactions])

    def of(self, post: Post, viewer: int) -> types.MessageReactions:
        """The reactions to a message as an account sees them, the most frequent first."""
        counts: dict[str, int] = {}
        for row in post.reactions:
            counts[row[1]] = counts.get(row[1], 0) + 1
        own = [row[1] for row in post.reactions if row[0] == viewer]
        results = [
            types.ReactionCount(types.ReactionEmoji(emoji), count, own.index(emoji) if emoji in own else None)
            for emoji, count in sorted(counts.items(), key=lambda item: -item[1])
        ]
        named = self.has_names(post)
        recent = [self.row(post, row, viewer) for row in post.reactions[: -RECENT - 1 : -1]] if named else None
        return types.MessageReactions(results, can_see_list=named or None, recent_reactions=recent)

    def row(self, post: Post, row: list[Any], viewer: int) -> types.MessagePeerReaction:
        """Who reacted, and how."""
        user_id, emoji, date, big, seen = row
        unread = not seen and post.author == viewer
        own = user_id == viewer
        reaction = types.ReactionEmoji(emoji)
        return types.MessagePeerReaction(
            tl_peer(user_id), date, reaction, big=big or None, unread=unread or None, my=own or None
        )

    def has_names(self, post: Post) -> bool:
        """Whether people may see who reacted: not in channels."""
        return not (is_channel(post.to) and self._world.chats[post.to].kind == "channel")

    def named(self, post: Post) -> Iterator[int]:
        """The users whom the reactions on the message itself name."""
        if post.reactions and self.has_names(post):
            for row in post.reactions[-RECENT:]:
                yield row[0]

    def update(self, viewer: int, peer: int, number: int) -> types.UpdateMessageReactions | None:
        """What tells of the reactions to a message as they are now; None if it is gone."""
        post = self._world.message_actions.find(viewer, peer, number)
        return None if post is None else types.UpdateMessageReactions(tl_peer(peer), number, self.of(post, viewer))

    def unread(self, user_id: int, peer: int) -> list[int]:
        """The ids of the account's own messages there with reactions that it has not seen, ascending."""
        dialog = self._boxes.box(user_id).dialogs.get(peer)
        posts = self._world.message_actions.box_of(user_id, peer).posts
        return sorted(number for number in dialog.reacted if number in posts) if dialog else []

    def read(self, user_id: int, peer: int) -> int:
        """Mark all reactions in that chat as seen; in how many messages.

        https://core.telegram.org/method/messages.readReactions
        """
        ids = self.unread(user_id, peer)
        if not ids:
            return 0
        dialog = self._boxes.dialog(user_id, peer)
        dialog.reacted = []
        self._boxes.save_dialog(user_id, dialog)
        box = self._world.message_actions.box_of(user_id, peer)
        for number in ids:
            for row in box.posts[number].reactions:
                row[4] = True
            self._boxes.save_post(box.posts[number])
        return len(ids)

    def _check_may(self, actor: int, peer: int) -> None:
        chat = self._world.chats.get(peer) if peer < 0 else None
        if chat is None:
            return
        if chat.deactivated:
            raise RpcError(400, "PEER_ID_INVALID")
        if actor not in chat.members and chat.kind != "channel":
            raise RpcError(403, "CHAT_WRITE_FORBIDDEN")
        ban = chat.ban_of(actor, self._world.clock())
        if ban and {"send_messages", "send_reactions"} & set(ban.rights):
            raise RpcError(400, "USER_BANNED_IN_CHANNEL")

    def _emoji(self, peer: int, reaction: Any) -> str:
        if isinstance(reaction, types.ReactionCustomEmoji):
            raise RpcError(403, "PREMIUM_ACCOUNT_REQUIRED")
        if isinstance(reaction, types.ReactionEmpty) or not getattr(reaction, "emoticon", "x"):
            raise RpcError(400, "REACTION_EMPTY")
        emoji = str(getattr(reaction, "emoticon", ""))
        chat = self._world.chats.get(peer) if peer < 0 else None
        allowed = chat.reactions if chat is not None else None
        if emoji not in (EMOJI if allowed is None else allowed):
            raise RpcError(400, "REACTION_INVALID")
        return emoji

    def _limit(self, peer: int) -> int:
        chat = self._world.chats.get(peer) if peer < 0 else None
        return (chat.reactions_limit if chat is not None else 0) or UNIQUE_MAX

    def _note_unread(self, post: Post) -> None:
        """Keep in mind whether the author has reactions to look at."""
        owner = post.to if is_channel(post.to) else post.author
        copy = post.copies.get(owner)
        if copy is None or not self.has_names(post):
            return
        dialog = self._boxes.dialog(post.author, post.peer(owner))
        fresh = any(not row[4] for row in post.reactions)
        if fresh != (copy.id in dialog.reacted):
            (dialog.reacted.append if fresh else dialog.reacted.remove)(copy.id)
            self._boxes.save_dialog(post.author, dialog)

    def _learning(self, post: Post, actor: int) -> Iterator[tuple[int, tuple[int, int]]]:
        """The accounts that learn of it, with the message as each knows it.

        In a supergroup or channel that is whoever reacted and, but for posts, the author: others ask from time to time.
        """
        if not is_channel(post.to):
            for owner, copy in post.copies.items():
                yield owner, (post.peer(owner), copy.id)
            return
        where = post.to, post.copies[post.to].id
        members = self._world.chats[post.to].members
        yield actor, where
        if post.author != actor and post.author in members and self.has_names(post):
            yield post.author, where
