"""Users, groups and channels as one account sees them, and the ids by which they are named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from tgadmin.core.bounds import LAST, Words
from tgadmin.core.types.ranges import ExactCount, Long, Moment, Name, PeerId, Word

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


FOR_EVER = LAST
"""``restricted_until`` of a restriction without an end."""


def may_write(*, is_admin: bool, members_may_write: bool, restricted_until: datetime | None, now: datetime) -> bool:
    """Whether a member of a group may write in it (https://core.telegram.org/api/rights)."""
    if is_admin:
        return True
    return members_may_write and (restricted_until is None or restricted_until <= now)


@dataclass(frozen=True, slots=True)
class Renamed:
    """A user goes by another name from now on; nothing else of them is said."""

    user_id: PeerId
    name: Name
    username: Word = ""


@dataclass(frozen=True, slots=True)
class Renumbered:
    """A user has another phone number from now on, or shows none any more ("")."""

    user_id: PeerId
    phone: Annotated[str, Words(20)]


@dataclass(frozen=True, slots=True)
class Peer:
    """A user, group or channel as one account sees it.

    ``partial`` marks what Telegram calls a min constructor: its access hash is not usable and it must not overwrite
    a full record. ``can_send`` is about the account that sees it, and says how it is now: in groups it follows from
    ``is_admin``, ``members_may_write`` and ``restricted_until`` (``may_write``). ``left`` is true for a chat one is no
    member of, or that is no more. ``migrated_to``: the supergroup that a group has become. ``online_until``: when
    somebody who is online counts as gone, unless Telegram says otherwise before.
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
    members_count: ExactCount | None = None
    slow_mode: bool = False
    is_admin: bool = False
    members_may_write: bool = True
    restricted_until: Moment | None = None
    migrated_to: PeerId | None = None
    online_until: Moment | None = None
    last_seen_at: Moment | None = None
    is_online: bool = False


@dataclass(frozen=True, slots=True)
class Presence:
    """A user's last-seen state. Stored on the peer, not numbered."""

    user_id: PeerId
    is_online: bool
    at: Moment | None = None
    online_until: Moment | None = None
