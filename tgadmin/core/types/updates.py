"""What comes in: changes in their order, with the peers that they speak of and the update state after them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from tgadmin.core.bounds import INT, LONG, Data, Pairs, Whole
from tgadmin.core.types.dialogs import ChatState, Dialog, HistoryCleared, ReadInbox, ReadOutbox, Typing
from tgadmin.core.types.messages import (
    History,
    MessageEdited,
    MessageIdAssigned,
    MessagesDeleted,
    NewMessage,
    Notice,
    SentShort,
)
from tgadmin.core.types.peers import Peer, Presence, Renamed, Renumbered
from tgadmin.core.types.ranges import Count, ExactCount, Long, Name, State, Word

KEPT_BYTES = 65_536
"""Of one update that could not be read."""


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
    recovered: ExactCount | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An update that could not be understood: counted and kept aside, never in the way of the rest. ``data`` are its
    bytes as Telegram sent them (TL), or our own rendering of what the database refused."""

    kind: Word
    reason: Name
    data: Annotated[bytes, Data(KEPT_BYTES)] = field(default=b"", repr=False, compare=False)


Change = (
    NewMessage
    | Notice
    | MessageEdited
    | MessagesDeleted
    | MessageIdAssigned
    | SentShort
    | ReadInbox
    | ReadOutbox
    | Typing
    | Presence
    | Renamed
    | Renumbered
    | ChatState
    | HistoryCleared
    | Gap
    | Dialog
    | History
    | Unreadable
)
"""What an update says."""


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
