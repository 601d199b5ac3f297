"""One message box: an account's, or a channel's, with its dialogs and its numbered log of changes.

Ids and pts belong to the box (https://core.telegram.org/api/updates). A box is named by its owner: a user id, or a
channel's marked id.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.world.posts import Post

FIRST_PTS = 1  # pts 0 means "none" to every client


class Event(NamedTuple):
    """One numbered change of a box. ``data`` by kind: new, edit: the Post; del, cont (contents read): ids;
    rin: (peer, max id, still unread); rout: (peer, max id); pins: (peer, ids, pinned or not); fold: [(peer, folder)].
    Changes without a pts of their own (kind of a box's
    ``side``) bear the box's pts at the time.
    """

    pts: int
    pts_count: int
    kind: str
    date: int
    data: Any


@dataclass(slots=True)
class Dialog:
    """One chat in an account's list. ``ids`` and ``unread`` are kept for the account's own box only."""

    peer: int
    read_inbox: int = 0
    read_outbox: int = 0
    pinned: int = 0  # 0: not pinned; else the higher, the further up
    folder: int = 0
    unread_mark: bool = False
    unread: int = 0
    mentions: list[int] = field(default_factory=list)  # of messages in which it is named and has not seen that
    reacted: list[int] = field(default_factory=list)  # of its own messages with reactions that it has not seen
    ids: list[int] = field(default_factory=list)


class Box:
    """One message box: its messages by id, and the log of what happened to it."""

    __slots__ = ("dialogs", "floor", "ids", "last_id", "log", "owner", "pins", "posts", "pts", "side", "side_keys")

    def __init__(self, owner: int) -> None:
        self.owner = owner
        self.pts = FIRST_PTS
        self.last_id = 0
        self.floor = 0  # what came before this pts is forgotten
        self.posts: dict[int, Post] = {}
        self.ids: list[int] = []  # channels only: the living messages, ascending
        self.dialogs: dict[int, Dialog] = {}  # accounts only
        self.pins: dict[int, set[int]] = {}  # the pinned messages, by chat
        self.log: list[Event] = []
        self.side: list[Event] = []
        self.side_keys: list[int] = []  # under which the store has them

    def since(self, pts: int) -> list[Event]:
        """The events after that pts, ascending."""
        return self.log[bisect_right(self.log, pts, key=lambda event: event.pts) :]

    def thread(self, peer: int) -> list[int]:
        """The ids of the living messages of one chat, ascending."""
        if self.owner < 0:
            return self.ids
        dialog = self.dialogs.get(peer)
        return dialog.ids if dialog else []
