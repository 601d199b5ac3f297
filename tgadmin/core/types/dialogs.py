"""An account's dialogs, which we call chats: what the list says of them, and what updates change."""

from __future__ import annotations

from dataclasses import dataclass

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
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class ChatState:
    """A dialog's facts that an update changes: mute, pin, archive, membership. None leaves a fact as it is."""

    peer_id: PeerId
    muted_until: Moment | None = None
    pinned: bool | None = None
    archived: bool | None = None
    left: bool | None = None


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
