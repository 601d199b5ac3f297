"""Messages, what updates say of them, and pages of them that were fetched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any

from tgadmin.core.bounds import LAST, Spans, Whole, Words
from tgadmin.core.types.media import DETAILS, FORWARD, MEDIA, SERVICE
from tgadmin.core.types.ranges import ExactCount, Long, Mark, MessageId, Moment, Name, PeerId, Word

MAX_TEXT = 32_768
"""Characters of a message that are kept: Telegram's own limit is 4,096."""
MAX_SPANS = 1000
"""Formatted spans of a message that are kept: Telegram's own limit is 100."""
SPANS = Spans(MAX_SPANS, extra=65_536)


class DeliveryState(StrEnum):
    """Where a message of ours stands. Incoming messages are RECEIVED for ever."""

    RECEIVED = "received"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entity:
    """A formatted span of a message's text; offset and length in UTF-16 code units, as Telegram counts."""

    kind: Word
    offset: Annotated[int, Whole(0, MAX_TEXT * 2)]
    length: Annotated[int, Whole(1, MAX_TEXT * 2)]
    extra: Annotated[str, Words(4096, cut=False)] = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as Telegram has it. ``service`` names an action of a service message (``chat_create`` …) with its
    facts, ``media`` a kind of media that is not text (``photo``, ``document`` …) with what a preview needs.
    ``details``: what it bears besides (a quote, its topic, buttons …). ``ttl_period``: so many seconds after
    its date it is deleted everywhere (https://core.telegram.org/constructor/message)."""

    peer_id: PeerId
    id: MessageId
    date: Moment
    text: Annotated[str, Words(MAX_TEXT)] = ""
    sender_id: PeerId | None = None
    out: bool = False
    entities: Annotated[tuple[Entity, ...], SPANS] = ()
    reply_to_id: MessageId | None = None
    edit_date: Moment | None = None
    service: Annotated[dict[str, Any], SERVICE] | None = None
    media: Annotated[dict[str, Any], MEDIA] | None = None
    forward: Annotated[dict[str, Any], FORWARD] | None = None
    details: Annotated[dict[str, Any], DETAILS] | None = None
    post_author: Name = ""
    silent: bool = False
    mentioned: bool = False
    no_forwards: bool = False
    ttl_period: ExactCount | None = None
    random_id: Long | None = None

    @property
    def expires_at(self) -> datetime | None:
        """When it is deleted everywhere; None: never."""
        if not self.ttl_period:
            return None
        # In seconds since 1970 no time lies beyond Python's calendar.
        return min(self.date + timedelta(seconds=self.ttl_period), LAST)


@dataclass(frozen=True, slots=True)
class NewMessage:
    message: Message


@dataclass(frozen=True, slots=True)
class Notice:
    """What Telegram tells the account's owner outside of any chat; it has no number there. Kept as a message of
    Telegram's own account (https://core.telegram.org/constructor/updateServiceNotification). ``date`` None: now."""

    text: Annotated[str, Words(MAX_TEXT)]
    entities: Annotated[tuple[Entity, ...], SPANS] = ()
    media: Annotated[dict[str, Any], MEDIA] | None = None
    date: Moment | None = None

    @property
    def key(self) -> int:
        """A positive number of 63 bits, the same whenever Telegram repeats the notice."""
        content = f"{self.date and self.date.timestamp()} {self.text}"
        return (int.from_bytes(sha256(content.encode()).digest()[:8], "big") >> 1) or 1


@dataclass(frozen=True, slots=True)
class MessageEdited:
    message: Message


@dataclass(frozen=True, slots=True)
class MessagesDeleted:
    """``box`` is ACCOUNT_BOX or a channel's marked id: Telegram does not say the chat of an account-box deletion."""

    box: Long
    ids: tuple[MessageId, ...]


@dataclass(frozen=True, slots=True)
class MessageIdAssigned:
    """updateMessageID: the message that was sent with this random_id bears this id (box is the receiver's to find)."""

    random_id: Long
    id: MessageId


@dataclass(frozen=True, slots=True)
class SentShort:
    """updateShortSentMessage, completed by the request it answers."""

    random_id: Long
    message: Message


@dataclass(frozen=True, slots=True)
class History:
    """A page of messages fetched from Telegram, newest first: stored, but neither unread nor the chat's latest.

    ``before_id`` is the id below which was asked (0: from the newest). ``complete``: nothing older exists."""

    peer_id: PeerId
    messages: tuple[Message, ...]
    before_id: Mark
    complete: bool
