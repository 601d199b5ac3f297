"""An account's messages: sending, editing, deleting, reading, history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812

from tgadmin.core.errors import TelegramError
from tgadmin.core.types import Entity, Incoming, is_channel
from tgadmin.telegram.client.context import Context
from tgadmin.telegram.convert import clean, history_page, sending

DELETE_LIMIT = 100  # ids in one request


class Messages:
    """Peers are marked ids. Every method raises TelegramError; PEER_UNKNOWN: the peer was never met."""

    def __init__(self, context: Context) -> None:
        self._call = context.call
        self._fetch = context.fetch
        self._hashes = context.hashes
        self._me = context.me

    async def send(
        self,
        peer_id: int,
        text: str,
        random_id: int,
        *,
        reply_to_id: int | None = None,
        entities: Sequence[Entity] = (),
    ) -> int | None:
        """Send a text; the id that Telegram gave it, None if the result does not say.

        A repeated ``random_id`` is never a second message: the first result comes again, or RANDOM_ID_DUPLICATE.
        """
        request = F.messages.SendMessageRequest(
            peer=await self._hashes.input_peer(peer_id),
            message=clean(text),
            random_id=random_id,
            reply_to=None if reply_to_id is None else T.InputReplyToMessage(reply_to_id),
            entities=await self._entities(entities),
        )
        return sending.sent_id(await self._call(request), random_id)

    async def edit(
        self,
        peer_id: int,
        message_id: int,
        text: str,
        *,
        entities: Sequence[Entity] = (),
        no_preview: bool = False,
        above: bool = False,
    ) -> None:
        """Give a message of ours another text, or its media another caption, with all of its formatting.

        ``no_preview``: links get no preview; ``above``: the text stands below its media. What is not said again is
        lost. MESSAGE_NOT_MODIFIED: it has that text already."""
        request = F.messages.EditMessageRequest(
            await self._hashes.input_peer(peer_id),
            message_id,
            message=clean(text),
            entities=await self._entities(entities),
            no_webpage=no_preview or None,
            invert_media=above or None,
        )
        await self._call(request)

    async def _entities(self, spans: Sequence[Entity]) -> list[Any] | None:
        """Raises TelegramError ENTITY_MENTION_USER_INVALID for somebody whom the account has not met."""
        users: dict[int, Any] = {}
        for user_id in sending.mentioned(spans):
            try:
                users[user_id] = await self._hashes.input_user(user_id)
            except TelegramError:
                raise TelegramError("ENTITY_MENTION_USER_INVALID") from None
        return sending.entities(spans, users)

    async def delete(self, peer_id: int, ids: Sequence[int], *, revoke: bool = True) -> None:
        """Delete messages of one chat; ``revoke``: for everybody. (In channels it is always for everybody.)"""
        for start in range(0, len(ids), DELETE_LIMIT):
            some = list(ids[start : start + DELETE_LIMIT])
            if is_channel(peer_id):
                channel = await self._hashes.input_channel(peer_id)
                await self._call(F.channels.DeleteMessagesRequest(channel, some))
            else:
                await self._call(F.messages.DeleteMessagesRequest(some, revoke=revoke))

    async def mark_read(self, peer_id: int, max_id: int) -> None:
        """Tell Telegram that the chat has been read up to ``max_id``."""
        if is_channel(peer_id):
            await self._call(F.channels.ReadHistoryRequest(await self._hashes.input_channel(peer_id), max_id))
        else:
            await self._call(F.messages.ReadHistoryRequest(await self._hashes.input_peer(peer_id), max_id))

    async def send_typing(self, peer_id: int, action: str = "typing") -> None:
        """Tell the chat that we are typing; raises ValueError for an action that we do not send."""
        chosen = sending.typing_action(action)
        await self._call(F.messages.SetTypingRequest(await self._hashes.input_peer(peer_id), chosen))

    async def history(self, peer_id: int, *, before_id: int = 0, limit: int = 100) -> Incoming:
        """Up to ``limit`` (1 to 100) messages below ``before_id`` (0: the newest): one History, and its peers."""
        request = F.messages.GetHistoryRequest(
            peer=await self._hashes.input_peer(peer_id),
            offset_id=before_id,
            offset_date=None,
            add_offset=0,
            limit=limit,
            max_id=0,
            min_id=0,
            hash=0,
        )
        return history_page(await self._fetch(request), peer_id, before_id, self._me)
