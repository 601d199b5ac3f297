"""An account's dialogs, which we call chats: what the list says of them, and what updates change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from tgadmin.core.types.ranges import Count, ExactCount, Mark, Moment, PeerId, State, Word


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
    unread_mark: bool = False
    ttl_period: ExactCount | None = None
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class DialogsPosition:
    """How far down a list of dialogs has been fetched: the last one's top message, from which the next page follows
    (https://core.telegram.org/api/offsets). ``date`` in Unix seconds."""

    date: Mark
    message_id: Mark
    peer_id: PeerId

    def to_json(self) -> dict[str, int]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DialogsPosition:
        """Raises KeyError, ValueError for anything that to_json does not write."""
        return cls(int(data["date"]), int(data["message_id"]), int(data["peer_id"]))


NOT_MUTED = datetime(1970, 1, 1, tzinfo=UTC)
"""``muted_until`` of a ChatState whose chat is not muted any more: None would leave it as it is."""


@dataclass(frozen=True, slots=True)
class ChatState:
    """A dialog's facts that an update changes: mute, pin, archive, a mark as unread, membership, what members may do,
    the timer of new messages (``ttl_period`` in seconds, 0 for none). None leaves a fact as it is."""

    peer_id: PeerId
    muted_until: Moment | None = None
    pinned: bool | None = None
    archived: bool | None = None
    left: bool | None = None
    unread_mark: bool | None = None
    members_may_write: bool | None = None
    is_admin: bool | None = None
    ttl_period: ExactCount | None = None


@dataclass(frozen=True, slots=True)
class HistoryCleared:
    """Telegram gives the peer's messages up to ``max_id`` to this account no longer."""

    peer_id: PeerId
    max_id: Mark


@dataclass(frozen=True, slots=True)
class ReadInbox:
    """We have read the peer's messages up to ``max_id``; Telegram counts ``still_unread`` after it (None: not said)."""

    peer_id: PeerId
    max_id: Mark
    still_unread: ExactCount | None = None


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
