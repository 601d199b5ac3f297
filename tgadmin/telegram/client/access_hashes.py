"""Access hashes, without which Telegram shows no user and no channel: those seen here, then the store's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core.errors import TelegramError
from tgadmin.core.types import CHANNEL_MARK, PeerKind, is_channel
from tgadmin.telegram.convert import unmarked

Lookup = Callable[[int], Awaitable[tuple[PeerKind, int | None] | None]]
"""What the store knows of a marked id: its kind and access hash; None for a peer never met."""

SEEN_LIMIT = 20_000


class AccessHashes:
    """Marked ids to access hashes; users and channels with the same bare id have different marked ones."""

    def __init__(self, me: tuple[int, int], channels: Mapping[int, int], lookup: Lookup) -> None:
        self._me = me[0]
        self._seen: dict[int, int] = {me[0]: me[1]}
        self._channels = dict(channels)
        self._lookup = lookup

    def extend(self, users: Iterable[Any], chats: Iterable[Any]) -> None:
        """Note what came with an answer. Min constructors' hashes are good for photos only
        (https://core.telegram.org/api/min)."""
        for user in users:
            if getattr(user, "access_hash", None) and not user.min:
                self._note(user.id, user.access_hash)
        for chat in chats:
            full = isinstance(chat, T.ChannelForbidden) or (isinstance(chat, T.Channel) and not chat.min)
            if full and chat.access_hash:
                self._channels[CHANNEL_MARK - chat.id] = chat.access_hash

    async def get(self, peer_id: int) -> int | None:
        """The access hash of a user or channel, by marked id; None if it is not known."""
        known = self._channels.get(peer_id) if is_channel(peer_id) else self._seen.get(peer_id)
        if known is not None:
            return known
        found = await self._lookup(peer_id)
        if found is None or found[1] is None:
            return None
        if is_channel(peer_id):
            self._channels[peer_id] = found[1]
        else:
            self._note(peer_id, found[1])
        return found[1]

    async def input_peer(self, peer_id: int) -> Any:
        """How a request names the peer. Raises TelegramError PEER_UNKNOWN for one whose hash is not known."""
        if peer_id == self._me:
            return T.InputPeerSelf()
        if peer_id < 0 and not is_channel(peer_id):
            return T.InputPeerChat(unmarked(peer_id))
        access_hash = await self.get(peer_id)
        if access_hash is None:
            raise TelegramError("PEER_UNKNOWN")
        if is_channel(peer_id):
            return T.InputPeerChannel(unmarked(peer_id), access_hash)
        return T.InputPeerUser(peer_id, access_hash)

    async def input_channel(self, peer_id: int) -> Any:
        """How a request of channels.* names it. Raises TelegramError PEER_UNKNOWN."""
        peer = await self.input_peer(peer_id)
        return T.InputChannel(peer.channel_id, peer.access_hash)

    async def input_user(self, user_id: int) -> Any:
        """How a request names a user. Raises TelegramError PEER_UNKNOWN."""
        if user_id == self._me:
            return T.InputUserSelf()
        peer = await self.input_peer(user_id)
        return T.InputUser(peer.user_id, peer.access_hash)

    def _note(self, user_id: int, access_hash: int) -> None:
        self._seen.pop(user_id, None)  # to the end: the oldest goes first
        self._seen[user_id] = access_hash
        while len(self._seen) > SEEN_LIMIT:
            self._seen.pop(next(iter(self._seen)))
