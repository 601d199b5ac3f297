"""What the rest of the program knows of Telegram: peers, messages, changes, checkpoints; no Telethon type passes here.

Peer ids are Telegram's marked ids everywhere: user 5 is ``5``, basic group 5 is ``-5``, channel or supergroup 5 is
``-1000000000005``. Times are aware datetimes in UTC. Message ids belong to a *box*: private chats and basic groups of
one account share the account's box (``ACCOUNT_BOX``), each channel or supergroup has its own, named by its marked id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

ACCOUNT_BOX = 0
CHANNEL_MARK = -1_000_000_000_000


def is_channel(peer_id: int) -> bool:
    """Whether the marked id is that of a channel or supergroup."""
    return peer_id < CHANNEL_MARK


def box_of(peer_id: int) -> int:
    """The message box in which ids of that peer's messages are unique: the channel itself, or the account's own."""
    return peer_id if is_channel(peer_id) else ACCOUNT_BOX


class PeerKind(StrEnum):
    USER = "user"
    BOT = "bot"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class DeliveryState(StrEnum):
    """Where a message of ours stands. Incoming messages are RECEIVED for ever."""

    RECEIVED = "received"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Peer:
    """A user, group or channel as one account sees it.

    ``partial`` marks what Telegram calls a min constructor: its access hash is not usable and it must not overwrite
    a full record. ``can_send`` is about the account that sees it. ``left`` is true for a chat one is no member of.
    """

    id: int
    kind: PeerKind
    name: str
    access_hash: int | None = None
    username: str = ""
    phone: str = ""
    is_self: bool = False
    is_contact: bool = False
    is_deleted: bool = False
    partial: bool = False
    left: bool = False
    can_send: bool = True
    members_count: int | None = None
    slow_mode: bool = False
    last_seen_at: datetime | None = None
    is_online: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """A formatted span of a message's text; offset and length in UTF-16 code units, as Telegram counts."""

    kind: str
    offset: int
    length: int
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as Telegram has it. ``service`` names an action of a service message (``chat_create`` …) with its
    facts, ``media`` a kind of media that is not text (``photo``, ``document`` …) with what a preview needs."""

    peer_id: int
    id: int
    date: datetime
    text: str = ""
    sender_id: int | None = None
    out: bool = False
    entities: tuple[Entity, ...] = ()
    reply_to_id: int | None = None
    edit_date: datetime | None = None
    service: dict[str, Any] | None = None
    media: dict[str, Any] | None = None
    forward: dict[str, Any] | None = None
    post_author: str = ""
    silent: bool = False
    mentioned: bool = False
    no_forwards: bool = False
    ttl_period: int | None = None
    random_id: int | None = None


# --- changes: what an update says ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewMessage:
    message: Message


@dataclass(frozen=True, slots=True)
class MessageEdited:
    message: Message


@dataclass(frozen=True, slots=True)
class MessagesDeleted:
    """``box`` is ACCOUNT_BOX or a channel's marked id: Telegram does not say the chat of an account-box deletion."""

    box: int
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MessageIdAssigned:
    """updateMessageID: the message that was sent with this random_id bears this id (box is the receiver's to find)."""

    random_id: int
    id: int


@dataclass(frozen=True, slots=True)
class SentShort:
    """updateShortSentMessage, completed by the request it answers."""

    random_id: int
    message: Message


@dataclass(frozen=True, slots=True)
class ReadInbox:
    """We have read the peer's messages up to ``max_id``; Telegram counts ``still_unread`` after it (None: not said)."""

    peer_id: int
    max_id: int
    still_unread: int | None = None


@dataclass(frozen=True, slots=True)
class ReadOutbox:
    """The peer has read ours up to ``max_id``."""

    peer_id: int
    max_id: int


@dataclass(frozen=True, slots=True)
class Typing:
    """Somebody is doing ``action`` (``typing``, ``record_audio`` …; ``cancel`` ends it). Never stored."""

    peer_id: int
    sender_id: int
    action: str = "typing"


@dataclass(frozen=True, slots=True)
class Presence:
    """A user's last-seen state. Stored on the peer, not numbered."""

    user_id: int
    is_online: bool
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChatState:
    """A dialog's facts that an update changes: mute, pin, archive, membership. None leaves a fact as it is."""

    peer_id: int
    muted_until: datetime | None = None
    pinned: bool | None = None
    archived: bool | None = None
    left: bool | None = None


class GapKind(StrEnum):
    TOO_LONG = "too_long"
    DIFFERENCE = "difference"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Gap:
    """Updates of ``box`` that did not come by themselves. ``how``: TOO_LONG, Telegram no longer gives them, the
    messages between are unknown until fetched; DIFFERENCE, they were asked for and came (``recovered`` of them, in the
    same entry or before it); REMOVED, the account is no member of the channel any more and gets nothing further."""

    box: int
    low_pts: int
    high_pts: int
    how: GapKind = GapKind.TOO_LONG
    recovered: int | None = None


@dataclass(frozen=True, slots=True)
class Dialog:
    """A row of messages.getDialogs: the chat's own facts, with its top message where it has one.

    ``overtaken``: messages were deleted while it was fetched, so that its count may be of before or after."""

    peer_id: int
    top_message_id: int
    unread_count: int
    read_inbox_max_id: int
    read_outbox_max_id: int
    pinned: bool = False
    archived: bool = False
    muted_until: datetime | None = None
    pts: int | None = None
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """A page of messages fetched from Telegram, newest first: stored, but neither unread nor the chat's latest.

    ``before_id`` is the id below which was asked (0: from the newest). ``complete``: nothing older exists."""

    peer_id: int
    messages: tuple[Message, ...]
    before_id: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An update that could not be understood: counted and kept aside, never in the way of the rest. ``data`` are its
    bytes as Telegram sent them (TL), or our own rendering of what the database refused."""

    kind: str
    reason: str
    data: bytes = field(default=b"", repr=False, compare=False)


Change = (
    NewMessage
    | MessageEdited
    | MessagesDeleted
    | MessageIdAssigned
    | SentShort
    | ReadInbox
    | ReadOutbox
    | Typing
    | Presence
    | ChatState
    | Gap
    | Dialog
    | History
    | Unreadable
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The update state up to which everything has been stored. ``channels`` maps *marked* channel ids to their pts;
    a channel that is absent is unchanged. ``date`` is Telegram's Unix time in seconds."""

    pts: int
    qts: int
    date: int
    seq: int
    channels: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One entry of the inbox's FIFO: changes in order, the peers they speak of, the state after them.

    ``checkpoint`` is None for what carries no state (a page of history, a dialog list)."""

    changes: tuple[Change, ...]
    peers: tuple[Peer, ...] = ()
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """One authorization of an account (account.getAuthorizations). ``hash`` 0 is the one that asks."""

    hash: int
    device_model: str
    platform: str
    system_version: str
    app_name: str
    app_version: str
    api_id: int
    ip: str
    country: str
    region: str
    signed_in_at: datetime
    active_at: datetime
    is_pending: bool = False
    is_unconfirmed: bool = False
    is_official: bool = False


@dataclass(frozen=True, slots=True)
class Devices:
    """All authorizations of an account. ``ttl_days``: unused for so long, Telegram ends one."""

    ttl_days: int
    devices: tuple[Device, ...]
