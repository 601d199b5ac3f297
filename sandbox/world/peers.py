"""Peers as one account sees them: access hashes, marked ids, and the User and Chat objects that go with answers.

Marked ids: user 5 is 5, basic group 5 is -5, channel 5 is -1000000000005. An access hash is an HMAC of (viewer, peer)
under the world's secret: the same after a restart, different for every viewer, not to be guessed, as at Telegram
(https://core.telegram.org/api/peers#access-hash).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

from telethon import utils
from telethon.tl import types

from sandbox.errors import RpcError
from sandbox.world.accounts import SERVICE_USER_ID, Account, Accounts
from sandbox.world.boxes import MessageBoxes
from sandbox.world.chats import Chat
from sandbox.world.ids import is_channel
from sandbox.world.privacy import Privacy

_CHANNEL_BASE = 1_000_000_000_000
_DAY = 86400
_ABOUT = (
    (3 * _DAY, types.UserStatusRecently),
    (7 * _DAY, types.UserStatusLastWeek),
    (30 * _DAY, types.UserStatusLastMonth),
)
"""How those who may not know it exactly are told when somebody was last online: younger than so many seconds."""


class ChatBook(Protocol):
    """What peers need to know of groups and channels; `world.chats` is one."""

    def __contains__(self, marked: int) -> bool:
        """Whether such a basic group, supergroup or channel exists (or existed)."""

    def get(self, marked: int) -> Chat | None:
        """The chat of that id, if there is one."""

    def tl(self, viewer: int, marked: int) -> types.TypeChat:
        """The chat as this viewer sees it: Chat, ChatForbidden, Channel or ChannelForbidden."""

    def by_username(self, username: str) -> int | None:
        """The marked id of the public channel or supergroup of that name (any case, no @)."""


def marked_channel(channel_id: int) -> int:
    return -(_CHANNEL_BASE + channel_id)


def peer(marked: int) -> types.TypePeer:
    """The Peer of a marked id."""
    bare, kind = utils.resolve_id(marked)
    if kind is types.PeerUser:
        return types.PeerUser(bare)
    return types.PeerChat(bare) if kind is types.PeerChat else types.PeerChannel(bare)


class Peers:
    """Turns input peers into marked ids and marked ids into the objects that one viewer may see."""

    def __init__(self, secret: bytes, accounts: Accounts, chats: ChatBook, boxes: MessageBoxes) -> None:
        self.secret = secret
        self._accounts = accounts
        self._chats = chats
        self._boxes = boxes
        self.privacy = Privacy(accounts, chats)

    def access_hash(self, viewer: int, marked: int) -> int:
        """The access hash with which `viewer` may name that peer: 64 bits, signed, never 0."""
        digest = hmac.new(self.secret, f"{viewer}:{marked}".encode(), hashlib.sha256).digest()
        return int.from_bytes(digest[:8], "big", signed=True) or 1

    def resolve(self, viewer: Account, input_peer: Any, *, error: str | None = None) -> int:
        """The marked id that an InputPeer, InputUser or InputChannel names.

        Raises RpcError 400: CHANNEL_INVALID for channels, MSG_ID_INVALID for the author of a message that is not there,
        else `error` (by default USER_ID_INVALID for an InputUser, PEER_ID_INVALID for the rest).
        """
        match input_peer:
            case types.InputPeerSelf() | types.InputUserSelf():
                return viewer.user_id
            case types.InputPeerUser():
                return self._user_named(viewer, input_peer.user_id, input_peer.access_hash, error or "PEER_ID_INVALID")
            case types.InputUser():
                return self._user_named(viewer, input_peer.user_id, input_peer.access_hash, error or "USER_ID_INVALID")
            case types.InputPeerChat():
                return self._chat_named(input_peer.chat_id, error or "PEER_ID_INVALID")
            case types.InputPeerChannel() | types.InputChannel():
                return self._channel_named(viewer, input_peer.channel_id, input_peer.access_hash)
            case types.InputPeerUserFromMessage() | types.InputUserFromMessage():
                return self._author_named(viewer, input_peer)
        raise RpcError(400, error or "PEER_ID_INVALID")

    def resolve_user(self, viewer: Account, input_user: Any, *, error: str = "USER_ID_INVALID") -> Account:
        """The account that an InputUser (or InputPeerUser) names; a deleted one too."""
        marked = self.resolve(viewer, input_user, error=error)
        if marked < 0:
            raise RpcError(400, error)
        return self._accounts[marked]

    def knows_user(self, viewer: Account, user_id: int, access_hash: int) -> bool:
        """Whether viewer may name that user by this access hash."""
        if user_id not in self._accounts:
            return False
        return user_id == viewer.user_id or access_hash == self.access_hash(viewer.user_id, user_id)

    def user(self, viewer: int, user_id: int, *, minimal: bool = False) -> types.TypeUser:
        """That user as `viewer` sees them: own or saved name, the phone only if it may be seen, contact flags, status.

        `minimal` gives the "min" form (https://core.telegram.org/api/min), whose access hash serves for photos only.
        """
        account = self._accounts.get(user_id)
        if account is None:
            return types.UserEmpty(user_id)
        access_hash = self.access_hash(viewer, user_id)
        if account.deleted:
            return types.User(user_id, deleted=True, access_hash=access_hash)
        looker = self._accounts.get(viewer)
        contact = looker.contacts.get(user_id) if looker else None
        shown = contact if contact and user_id != viewer else account
        return types.User(
            id=user_id,
            is_self=user_id == viewer or None,
            contact=contact is not None or None,
            mutual_contact=(contact is not None and viewer in account.contacts) or None,
            min=minimal or None,
            verified=account.is_service or None,
            support=account.is_service or None,
            access_hash=access_hash,
            first_name=shown.first_name,
            last_name=shown.last_name or None,
            username=account.username,
            phone=account.phone if self.sees_phone(viewer, account) and not minimal else None,
            status=self.status(account, viewer),
        )

    def sees_phone(self, viewer: int, account: Account) -> bool:
        """Whom the account's rules let see it, and whoever saved the number itself."""
        if account.user_id == SERVICE_USER_ID or self.privacy.allows(account, "PhoneNumber", viewer):
            return True
        looker = self._accounts.get(viewer)
        known = looker.contacts.get(account.user_id) if looker else None
        return known is not None and known.phone == account.phone

    def status(self, account: Account, viewer: int) -> types.TypeUserStatus | None:
        """Online until, or last seen at; about when for those who may not know; None for who was never seen."""
        if not self.privacy.sees_status(viewer, account):
            by_me = self.privacy.allows(account, "StatusTimestamp", viewer) or None
            return self._about_when(account, by_me=by_me)
        if self._accounts.is_online(account):
            return types.UserStatusOnline(datetime.fromtimestamp(account.online_until, UTC))
        if account.last_online:
            return types.UserStatusOffline(datetime.fromtimestamp(account.last_online, UTC))
        return None

    def _about_when(self, account: Account, *, by_me: bool | None) -> types.TypeUserStatus | None:
        """https://core.telegram.org/type/UserStatus: `by_me` says that the viewer's own rules are the cause."""
        if not account.last_online:
            return None
        for seconds, kind in _ABOUT:
            if self._accounts.now() - account.last_online < seconds:
                return kind(by_me=by_me)
        return types.UserStatusEmpty()

    def chat(self, viewer: int, marked: int) -> types.TypeChat:
        """That basic group, supergroup or channel as `viewer` sees it."""
        return self._chats.tl(viewer, marked)

    def entities(self, viewer: int, marked: Iterable[int]) -> tuple[list[types.TypeUser], list[types.TypeChat]]:
        """The users and chats of an answer, each once, in the order of first mention."""
        ids = dict.fromkeys(marked)
        users = [self.user(viewer, each) for each in ids if each > 0]
        return users, [self.chat(viewer, each) for each in ids if each < 0]

    def input_peer(self, viewer: int, marked: int) -> types.TypeInputPeer:
        """How `viewer` would name that peer."""
        if marked == viewer:
            return types.InputPeerSelf()
        bare, kind = utils.resolve_id(marked)
        if kind is types.PeerUser:
            return types.InputPeerUser(bare, self.access_hash(viewer, marked))
        if kind is types.PeerChat:
            return types.InputPeerChat(bare)
        return types.InputPeerChannel(bare, self.access_hash(viewer, marked))

    def by_username(self, username: str) -> int | None:
        """The marked id of whoever holds that username: users and channels share one name space."""
        account = self._accounts.by_username(username)
        return account.user_id if account else self._chats.by_username(username.removeprefix("@").lower())

    def _user_named(self, viewer: Account, user_id: int, access_hash: int, error: str) -> int:
        if not self.knows_user(viewer, user_id, access_hash):
            raise RpcError(400, error)
        return user_id

    def _author_named(self, viewer: Account, given: types.InputPeerUserFromMessage | types.InputUserFromMessage) -> int:
        """The author of a message that the viewer has seen (https://core.telegram.org/api/min)."""
        chat = self.resolve(viewer, given.peer)
        owner = chat if is_channel(chat) else viewer.user_id
        post = self._boxes.box(owner).posts.get(given.msg_id)
        if post is None or post.peer(owner) != chat or post.author != given.user_id:
            raise RpcError(400, "MSG_ID_INVALID")
        return post.author

    def _chat_named(self, chat_id: int, error: str) -> int:
        if chat_id <= 0 or -chat_id not in self._chats:
            raise RpcError(400, error)
        return -chat_id

    def _channel_named(self, viewer: Account, channel_id: int, access_hash: int) -> int:
        marked = marked_channel(channel_id)
        if marked not in self._chats or access_hash != self.access_hash(viewer.user_id, marked):
            raise RpcError(400, "CHANNEL_INVALID")
        return marked
