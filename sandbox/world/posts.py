"""Messages: every one once, with its copies in the boxes that hold it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from telethon.extensions import BinaryReader
from telethon.tl import TLObject, types

_OPTIONAL = {
    "x": "random_id", "s": "silent", "l": "altered", "ed": "edit_date", "n": "mentions", "th": "thread",
    "pn": "pinned", "rx": "reactions", "sc": "scheduled", "i": "above"}  # fmt: skip


class Copy(NamedTuple):
    """A message in one box."""

    id: int
    pts: int  # the box's pts once it was there


@dataclass(slots=True, eq=False)
class Post:
    """One message, whatever number of boxes hold it. Times are unix seconds."""

    uid: int
    author: int  # the user who wrote it (a channel's posts bear the channel's name all the same)
    to: int  # the marked id it was addressed to: a user (the author for saved messages), group or channel
    date: int
    text: str = ""
    entities: list[Any] | None = None
    media: Any = None  # a MessageMedia
    above: bool = False  # it, or the preview, is not where it usually is: invert_media
    action: Any = None  # a MessageAction: then it is a service message
    forward: Any = None  # a MessageFwdHeader
    random_id: int = 0
    silent: bool = False
    altered: bool = False  # the server changed the text or its entities while taking it
    edit_date: int = 0
    copies: dict[int, Copy] = field(default_factory=dict)  # by the box's owner; deleted ones are gone
    replies: dict[int, int] = field(default_factory=dict)  # by the box's owner: the id that it answers
    thread: int = 0  # supergroups: the id of the message at the head of the replies that it belongs to
    mentions: list[int] = field(default_factory=list)  # the users whom it names, in groups
    pinned: list[int] = field(default_factory=list)  # the owners of the boxes in which it is pinned
    reactions: list[list[Any]] = field(default_factory=list)  # oldest first: [user, emoji, date, big, seen by author]
    scheduled: bool = False  # sent at a time that its author had set

    @property
    def has_caption(self) -> bool:
        """Whether its text is one of a photo or a file; a preview's is a text of its own."""
        return self.media is not None and not isinstance(self.media, types.MessageMediaWebPage)

    def peer(self, owner: int) -> int:
        """The marked id of the dialog in which that box shows it."""
        return self.to if self.to < 0 or owner == self.author else self.author

    def row(self) -> dict[str, Any]:
        """What the store keeps of it."""
        row: dict[str, Any] = {"a": self.author, "t": self.to, "d": self.date, "m": self.text}
        row["c"] = [[owner, *copy] for owner, copy in self.copies.items()]
        if self.replies:
            row["r"] = list(self.replies.items())
        for short, name in _OPTIONAL.items():
            if value := getattr(self, name):
                row[short] = value
        if self.entities:
            row["e"] = b"".join(bytes(entity) for entity in self.entities).hex()
        for name, thing in (("ac", self.action), ("fw", self.forward), ("md", self.media)):
            if thing is not None:
                row[name] = bytes(thing).hex()
        return row

    @classmethod
    def from_row(cls, uid: int, row: dict[str, Any]) -> Post:
        post = cls(uid, row["a"], row["t"], row["d"], row["m"])
        post.copies = {owner: Copy(number, pts) for owner, number, pts in row["c"]}
        post.replies = dict(row.get("r", ()))
        for short, name in _OPTIONAL.items():
            if short in row:
                setattr(post, name, row[short])
        post.entities = objects(row["e"]) if "e" in row else None
        post.action = objects(row["ac"])[0] if "ac" in row else None
        post.forward = objects(row["fw"])[0] if "fw" in row else None
        post.media = objects(row["md"])[0] if "md" in row else None
        return post


def objects(text: str) -> list[TLObject]:
    """TL objects that were written one after the other, in hex."""
    raw = bytes.fromhex(text)
    reader = BinaryReader(raw)
    objects: list[TLObject] = []
    while reader.tell_position() < len(raw):
        objects.append(reader.tgread_object())
    return objects
