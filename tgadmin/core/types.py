"""What the rest of the program knows of Telegram: peers, messages, changes, checkpoints; no Telethon type passes here.

Peer ids are Telegram's marked ids everywhere: user 5 is ``5``, basic group 5 is ``-5``, channel or supergroup 5 is
``-1000000000005``. Times are aware datetimes in UTC. Message ids belong to a *box*: private chats and basic groups of
one account share the account's box (``ACCOUNT_BOX``), each channel or supergroup has its own, named by its marked id.

Each field says its range (tgadmin/core/bounds.py): what the database's columns and the pages take, no more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from tgadmin.core.bounds import EXACT, INT, LONG, Data, Pairs, Real, Spans, Times, Whole, Words
from tgadmin.core.facts import Facts

ACCOUNT_BOX = 0
CHANNEL_MARK = -1_000_000_000_000


MAX_TEXT = 32_768
"""Characters of a message that are kept: Telegram's own limit is 4,096."""
MAX_SPANS = 1000
"""Formatted spans of a message that are kept: Telegram's own limit is 100."""
SPANS = Spans(MAX_SPANS, extra=65_536)
KEPT_BYTES = 65_536
"""Of one update that could not be read."""

# What a number, text or object may be. A bound clamps where the nearest that fits says little less than the value;
# elsewhere the value is left out, and what cannot be told without it is no object at all.
Long = Annotated[int, Whole(-LONG - 1, LONG)]
PeerId = Annotated[int, Whole(-LONG - 1, LONG, nought=False)]
MessageId = Annotated[int, Whole(1, INT)]
Mark = Annotated[int, Whole(0, INT, clamp=True)]
"""A message's id up to which something holds; 0: none."""
Count = Annotated[int, Whole(0, INT, clamp=True)]
Told = Annotated[int, Whole(0, INT)]
"""A count or a number of seconds that had better not be told than be told wrong."""
State = Annotated[int, Whole(-INT - 1, INT, clamp=True)]
"""A pts, qts or seq."""
Moment = Annotated[datetime, Times()]
Name = Annotated[str, Words(255)]
Word = Annotated[str, Words(64)]
Label = Annotated[str, Words(128)]

_SIZE, _SECONDS, _TOTAL = Whole(0, EXACT), Real(0, INT), Whole(0, INT)
_PIXELS = Whole(0, INT)
MEDIA = Facts(
    {
        "kind": Words(64),
        "width": _PIXELS,
        "height": _PIXELS,
        "size": _SIZE,
        "duration": _SECONDS,
        "period": _TOTAL,
        "ttl_seconds": _TOTAL,
        "latitude": Real(-90, 90),
        "longitude": Real(-180, 180),
        "total_voters": _TOTAL,
        "value": _TOTAL,
        "story_id": Whole(1, INT),
        "stars": _SIZE,
        "count": _TOTAL,
        "file_name": Words(1024),
        "mime_type": Words(255),
        "url": Words(4096, cut=False),
    },
    kind=True,
)
SERVICE = Facts({"kind": Words(64), "duration": _SECONDS, "title": Words(255)}, kind=True)
FORWARD = Facts({"from_id": Whole(-LONG - 1, LONG, nought=False), "post_id": Whole(1, INT), "author": Words(255)})


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

    id: PeerId
    kind: PeerKind
    name: Name
    access_hash: Long | None = None
    username: Word = ""
    phone: Annotated[str, Words(20)] = ""
    is_self: bool = False
    is_contact: bool = False
    is_deleted: bool = False
    partial: bool = False
    left: bool = False
    can_send: bool = True
    members_count: Told | None = None
    slow_mode: bool = False
    last_seen_at: Moment | None = None
    is_online: bool = False


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
    facts, ``media`` a kind of media that is not text (``photo``, ``document`` …) with what a preview needs."""

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
    post_author: Name = ""
    silent: bool = False
    mentioned: bool = False
    no_forwards: bool = False
    ttl_period: Told | None = None
    random_id: Long | None = None


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
class ReadInbox:
    """We have read the peer's messages up to ``max_id``; Telegram counts ``still_unread`` after it (None: not said)."""

    peer_id: PeerId
    max_id: Mark
    still_unread: Told | None = None


@dataclass(frozen=True, slots=True)
class ReadOutbox:
    """The peer has read ours up to ``max_id``."""

    peer_id: PeerId
    max_id: Mark


@dataclass(frozen=True, slots=True)
class Typing:
    """Somebody is doing ``action`` (``typing``, ``record_audio`` …; ``cancel`` ends it). Never stored."""

    peer_id: PeerId
    sender_id: PeerId
    action: Word = "typing"


@dataclass(frozen=True, slots=True)
class Presence:
    """A user's last-seen state. Stored on the peer, not numbered."""

    user_id: PeerId
    is_online: bool
    at: Moment | None = None


@dataclass(frozen=True, slots=True)
class ChatState:
    """A dialog's facts that an update changes: mute, pin, archive, membership. None leaves a fact as it is."""

    peer_id: PeerId
    muted_until: Moment | None = None
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

    box: Long
    low_pts: State
    high_pts: State
    how: GapKind = GapKind.TOO_LONG
    recovered: Told | None = None


@dataclass(frozen=True, slots=True)
class Dialog:
    """A row of messages.getDialogs: the chat's own facts, with its top message where it has one.

    ``overtaken``: messages were deleted while it was fetched, so that its count may be of before or after."""

    peer_id: PeerId
    top_message_id: Mark
    unread_count: Count
    read_inbox_max_id: Mark
    read_outbox_max_id: Mark
    pinned: bool = False
    archived: bool = False
    muted_until: Moment | None = None
    pts: State | None = None
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """A page of messages fetched from Telegram, newest first: stored, but neither unread nor the chat's latest.

    ``before_id`` is the id below which was asked (0: from the newest). ``complete``: nothing older exists."""

    peer_id: PeerId
    messages: tuple[Message, ...]
    before_id: Mark
    complete: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An update that could not be understood: counted and kept aside, never in the way of the rest. ``data`` are its
    bytes as Telegram sent them (TL), or our own rendering of what the database refused."""

    kind: Word
    reason: Name
    data: Annotated[bytes, Data(KEPT_BYTES)] = field(default=b"", repr=False, compare=False)


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

    pts: State
    qts: State
    date: Count
    seq: State
    channels: Annotated[
        dict[int, int], Pairs(Whole(-LONG - 1, LONG, nought=False), Whole(-INT - 1, INT, clamp=True))
    ] = field(default_factory=dict)


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

    hash: Long
    device_model: Label
    platform: Word
    system_version: Word
    app_name: Label
    app_version: Word
    api_id: Annotated[int, Whole(-INT - 1, INT, clamp=True)]
    ip: Word
    country: Word
    region: Word
    signed_in_at: Moment
    active_at: Moment
    is_pending: bool = False
    is_unconfirmed: bool = False
    is_official: bool = False


@dataclass(frozen=True, slots=True)
class Devices:
    """All authorizations of an account. ``ttl_days``: unused for so long, Telegram ends one."""

    ttl_days: Annotated[int, Whole(0, 32_767, clamp=True)]
    devices: tuple[Device, ...]
