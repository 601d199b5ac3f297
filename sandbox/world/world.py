"""The world as a whole: its parts, what happens in it, and what tests, scripts and the control API tell it to do."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from telethon.tl import TLObject, types

from sandbox.store import Store
from sandbox.world.accounts import Accounts
from sandbox.world.box import Dialog
from sandbox.world.boxes import MessageBoxes
from sandbox.world.chat_actions import ChatActions
from sandbox.world.chats import Chats, Kind
from sandbox.world.drafts import Drafts
from sandbox.world.ids import is_channel
from sandbox.world.logins import Logins
from sandbox.world.mentions import Mentions
from sandbox.world.message_actions import Draft, MessageActions
from sandbox.world.migration import Migration
from sandbox.world.news import News, Push
from sandbox.world.peers import Peers
from sandbox.world.pins import Pins
from sandbox.world.posts import Post, objects
from sandbox.world.reactions import Reactions
from sandbox.world.reading import Reading
from sandbox.world.render import Render
from sandbox.world.schedule import Schedule
from sandbox.world.topics import Topics
from sandbox.world.updates import Updates

T = TypeVar("T")


Pusher = Callable[[int, TLObject, int | None], None]  # (user id, updates, session to leave out)


class World:
    """Everything that Telegram's servers know, in memory, written through the store.

    `pusher` brings updates to an account's live sessions; `listening` says whether it has any: nothing is made for
    others. Peers are marked ids. The methods that act (`send` and what follows it) do what the account could do from
    its phone, with the same code and the same RpcErrors; they commit, and tell all live sessions. Their arguments and
    results are JSON-able.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
        pusher: Pusher = lambda user_id, updates, session: None,
        listening: Callable[[int], bool] = lambda user_id: True,
    ) -> None:
        self.store = store
        self.clock = clock
        self.rng = rng or random.Random()
        self.pusher = pusher
        self.listening = listening
        self.watchers: list[Callable[[Post], None]] = []  # told of every new message, in the step that makes it
        self.pages: dict[str, str] = {}  # titles of the web pages that links lead to: only these have a preview
        self.accounts = Accounts(store, clock, self.rng)
        self.logins = Logins(store, clock, self.rng)
        self.chats = Chats(store, clock, self.rng)
        self.boxes = MessageBoxes(store, clock)
        self.peers = Peers(self._secret(), self.accounts, self.chats, self.boxes)
        self.privacy = self.peers.privacy
        self.chats.access_hash = self.peers.access_hash
        self.render = Render(self)
        self.news = News(self)
        self.message_actions = MessageActions(self)
        self.reading = Reading(self)
        self.drafts = Drafts(self)
        self.pins = Pins(self)
        self.reactions = Reactions(self)
        self.schedule = Schedule(self)
        self.topics = Topics(self)
        self.mentions = Mentions(self)
        self.chat_actions = ChatActions(self)
        self.migration = Migration(self)
        self.updates = Updates(self)

    def now(self) -> int:
        """The time in unix seconds, as messages bear it."""
        return int(self.clock())

    def act(self, action: Callable[[Push], T]) -> T:
        """Do something to the world outside of any request: commit it, then tell the live sessions."""
        pushes: list[tuple[int, TLObject]] = []
        result = action(lambda user_id, updates: pushes.append((user_id, updates)))
        self.store.commit()
        for user_id, updates in pushes:
            self.pusher(user_id, updates, None)
        return result

    def send(
        self,
        from_user: int,
        peer: int,
        text: str,
        *,
        reply_to: int | None = None,
        entities: str | None = None,
        random_id: int | None = None,
        media: str | None = None,
        above: bool = False,
    ) -> int:
        """The new message's id in the sender's box (or the channel's). `entities`: TL objects in a row, in hex; `media`
        one of them, a MessageMedia: then the text is its caption, and may be empty."""
        draft = Draft(text, _entities(entities), reply_to, random_id or 0, above=above)
        if media is not None:
            (draft.media,) = objects(media)
        post = self.act(lambda push: self.message_actions.send(from_user, peer, draft, push))
        return post.copies[peer if is_channel(peer) else from_user].id

    def send_due(self) -> None:
        """Send the scheduled messages whose time has come."""
        self.act(self.schedule.send_due)

    def edit(self, user_id: int, peer: int, message_id: int, text: str, *, entities: str | None = None) -> None:
        """Edit the message that this user knows by that id."""
        draft = Draft(text, _entities(entities))
        self.act(lambda push: self.message_actions.edit(user_id, peer, message_id, draft, push))

    def publish(self, url: str, title: str) -> None:
        """There is a web page at that address: links to it get a preview."""
        self.pages[url] = title

    def delete(self, user_id: int, peer: int, message_ids: Iterable[int], *, revoke: bool = True) -> int:
        """Delete the messages that this user knows by these ids; how many are gone."""
        ids = list(message_ids)
        if is_channel(peer):
            return self.act(lambda push: self.message_actions.delete_in_channel(user_id, peer, ids, push))
        return self.act(lambda push: self.message_actions.delete(user_id, ids, push, revoke=revoke))

    def read(self, user_id: int, peer: int, max_id: int = 0) -> None:
        """Read that chat up to that id; 0 reads all of it."""
        if is_channel(peer):
            self.act(lambda push: self.reading.read_channel(user_id, peer, max_id, push))
        else:
            self.act(lambda push: self.reading.read(user_id, peer, max_id, push))

    def typing(self, user_id: int, peer: int, *, cancel: bool = False) -> None:
        """Show that this user types there, or has stopped."""
        action = types.SendMessageCancelAction() if cancel else types.SendMessageTypingAction()
        self.act(lambda push: self.reading.typing(user_id, peer, action, push))

    def create_group(self, creator: int, title: str, users: Iterable[int]) -> int:
        """The marked id of a new basic group."""
        members = list(users)
        return self.act(lambda push: self.chat_actions.create_group(creator, title, members, push))[0].marked

    def create_channel(
        self,
        creator: int,
        title: str,
        *,
        kind: Kind = "supergroup",
        about: str = "",
        username: str = "",
        bare_id: int | None = None,
    ) -> int:
        """The marked id of a new supergroup or channel; public if it gets a username."""
        chat, _ = self.act(
            lambda push: self.chat_actions.create_channel(creator, title, push, kind=kind, about=about, bare_id=bare_id)
        )
        if username:
            self.chats.set_username(chat, username)
            self.store.commit()
        return chat.marked

    def add_user(self, chat: int, user_id: int, *, inviter: int | None = None) -> None:
        """Bring a user into a group or channel; by its creator, unless another inviter is named."""
        room = self.chats[chat]
        actor = inviter if inviter is not None else room.creator
        if room.is_group:
            self.act(lambda push: self.chat_actions.add_to_group(actor, room, user_id, push))
        else:
            self.act(lambda push: self.chat_actions.invite(actor, room, [user_id], push))

    def join(self, user_id: int, chat: int) -> None:
        """Join a public supergroup or channel (or one that this user had left)."""
        self.act(lambda push: self.chat_actions.join(user_id, self.chats[chat], push))

    def leave(self, user_id: int, chat: int) -> None:
        """Leave a group or channel."""
        room = self.chats[chat]
        if room.is_group:
            self.act(lambda push: self.chat_actions.remove_from_group(user_id, room, user_id, push))
        else:
            self.act(lambda push: self.chat_actions.leave(user_id, room, push))

    def migrate(self, chat: int) -> int:
        """Turn a basic group into a supergroup, by its creator; the marked id of that."""
        group = self.chats[chat]
        return self.act(lambda push: self.migration.migrate(group.creator, group, push)).marked

    def kick(self, chat: int, user_id: int, *, by: int | None = None) -> None:
        """Take somebody out of a group; out of a supergroup or channel for good, until the ban is lifted."""
        room = self.chats[chat]
        actor = by if by is not None else room.creator
        if room.is_group:
            self.act(lambda push: self.chat_actions.remove_from_group(actor, room, user_id, push))
        else:
            self.act(lambda push: self.chat_actions.ban(actor, room, user_id, ["view_messages"], 0, push))

    def restrict(self, chat: int, user_id: int, rights: list[str], *, until: int = 0, by: int | None = None) -> None:
        """Take rights (flag names of ChatBannedRights) from a member of a supergroup; none pardons. ``until``: in unix
        seconds, however near (0: for ever)."""
        room = self.chats[chat]
        self.act(
            lambda push: self.chat_actions.ban(
                by if by is not None else room.creator, room, user_id, rights, until, push
            )
        )

    def slow_mode(self, chat: int, seconds: int) -> None:
        """Let members of a supergroup write once in so many seconds; 0 ends it."""
        room = self.chats[chat]
        self.act(lambda push: self.chat_actions.set_slow_mode(room.creator, room, seconds, push))

    def rename(self, user_id: int, chat: int, title: str) -> None:
        """Give a group or channel another title."""
        self.act(lambda push: self.chat_actions.rename(user_id, self.chats[chat], title, push))

    def forget_updates(self, owner: int, before_pts: int | None = None) -> None:
        """Drop an account's or channel's log up to that pts (None: all): who asks from before gets "too long"."""
        self.boxes.forget(owner, before_pts if before_pts is not None else self.boxes.box(owner).pts)
        self.store.commit()

    def snapshot(self, user_id: int) -> dict[Any, Any]:
        """The account's world, message by message, for comparing.

        ``{marked peer: [{"id", "date", "out", "from", "text", "edit_date", "reply_to", "action"}, …], …}`` with ids
        ascending and deleted messages absent (dates in unix seconds, `edit_date` and `reply_to` None if there are none,
        `action` the name of a service message's TL class or None), and
        ``"read_marks": {marked peer: {"inbox", "outbox", "unread"}}``.
        """
        dialogs = [dialog for dialog in self.boxes.box(user_id).dialogs.values() if self.listed(user_id, dialog)]
        snapshot: dict[Any, Any] = {dialog.peer: self._thread(user_id, dialog.peer) for dialog in dialogs}
        snapshot["read_marks"] = {
            dialog.peer: {
                "inbox": dialog.read_inbox,
                "outbox": dialog.read_outbox,
                "unread": self.boxes.unread(user_id, dialog),
            }
            for dialog in dialogs
        }
        return snapshot

    def marked(self, user_id: int) -> list[int]:
        """The peers of the account's chats that are marked as unread by hand."""
        return [dialog.peer for dialog in self.boxes.box(user_id).dialogs.values() if dialog.unread_mark]

    def listed(self, user_id: int, dialog: Dialog) -> bool:
        """Whether a chat stands in the account's list: it has messages, or is a channel that the account is in."""
        if is_channel(dialog.peer):
            return user_id in self.chats[dialog.peer].members
        return bool(dialog.ids)

    def _thread(self, user_id: int, peer: int) -> list[dict[str, Any]]:
        box = self.message_actions.box_of(user_id, peer)
        return [self._message(user_id, box.owner, number, box.posts[number]) for number in box.thread(peer)]

    def _message(self, user_id: int, owner: int, number: int, post: Post) -> dict[str, Any]:
        is_post = is_channel(owner) and self.chats[owner].kind == "channel"
        return {
            "id": number,
            "date": post.date,
            "out": post.author == user_id and post.peer(owner) != user_id,
            "from": owner if is_post else post.author,
            "text": post.text,
            "edit_date": post.edit_date or None,
            "reply_to": post.replies.get(owner),
            "action": type(post.action).__name__ if post.action is not None else None,
        }

    def _secret(self) -> bytes:
        """What access hashes are made with: chosen once for a world."""
        for _, value in self.store.load("secret"):
            if isinstance(value, bytes):
                return value
        value = secrets.token_bytes(32)
        self.store.put("secret", "world", value)
        return value


def _entities(text: str | None) -> list[Any] | None:
    return objects(text) if text else None
