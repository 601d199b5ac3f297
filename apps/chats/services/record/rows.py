"""The rows that a batch touches, as they are while it is worked out in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from apps.chats.columns.chats import ChatColumns
from apps.chats.columns.messages import MESSAGE_TABLE, MessageColumns
from apps.chats.event_kinds import EventKind
from tgadmin.core import formatting
from tgadmin.core.formatting import as_json
from tgadmin.core.official import conceal, is_from_telegram
from tgadmin.core.types import Entity, Message, Peer, PeerKind, is_channel

_ESCAPED = re.compile(r"\\u(?:0000|d[89a-f])")
SAVED_MESSAGES = "Saved Messages"
"""What Telegram's own clients call the chat with oneself."""


_ABOUT_ITS_CONTENT = frozenset({EventKind.MESSAGE, EventKind.EDIT, EventKind.STATE})
"""What a message that was announced a moment ago needs not be told of again."""


@dataclass(slots=True)
class ChatRow(ChatColumns):
    """A locked row of telegram_chats; ``events`` are (kind, message row id, data) to append after ``last_event``."""

    dirty: bool = False
    events: list[tuple[EventKind, int | None, str | None]] = field(default_factory=list)
    announced: set[int] = field(default_factory=set)

    def add_event(self, kind: EventKind, message_pk: int | None = None, data: dict[str, Any] | None = None) -> None:
        """Say that something changed. A message announced in this batch needs no further word: readers load its row."""
        self.dirty = True
        if message_pk in self.announced and kind in _ABOUT_ITS_CONTENT:
            return
        if kind is EventKind.MESSAGE and message_pk is not None:
            self.announced.add(message_pk)
        self.events.append((kind, message_pk, None if data is None else json.dumps(data)))

    @property
    def is_counted(self) -> bool:
        """Whether every message that may be unread is stored: then the count is told by what is stored. (A read mark
        of 0 may only mean that nobody has told us yet.)"""
        return bool(self.read_inbox_max_id) and self.covers(self.read_inbox_max_id)

    def covers(self, message_id: int) -> bool:
        """Whether every message of the chat after ``message_id`` is stored."""
        return self.synced_from_id is not None and (self.history_complete or self.synced_from_id <= message_id + 1)


@dataclass(slots=True)
class MessageRow(MessageColumns):
    """A row of telegram_messages: stored already, or to be inserted under the id it has been given."""

    is_new: bool = False
    dirty: bool = False
    secret: dict[str, Any] | None = None
    """What was masked in it, and is to be stored encrypted; ``secret_of``: that is stored already, under this row."""
    secret_of: int | None = None
    secret_dirty: bool = False

    def take(self, message: Message) -> None:
        """Everything that Telegram says of the message; codes that Telegram itself sends go to ``secret``."""
        if self.managers_only or is_from_telegram(message):
            self.managers_only = True
            message, secret = conceal(message)
            self._take_secret(secret)
        self.telegram_id = message.id
        self.out = message.out
        self.sender_id = message.sender_id
        self.date = message.date
        self.text = clean(message.text)
        self.entities = entities_json(message.entities)
        self.reply_to_id = message.reply_to_id
        self.edit_date = message.edit_date
        self.expires_at = message.expires_at
        self.service = to_json(message.service)
        self.media = to_json(message.media)
        self.forward = to_json(message.forward)
        self.details = to_json(message.details)
        self.post_author = clean(message.post_author)[:255]
        self.dirty = True

    def _take_secret(self, secret: dict[str, Any] | None, of: int | None = None) -> None:
        self.secret, self.secret_of, self.secret_dirty = secret, of, True

    def take_row(self, other: MessageRow) -> None:
        """The same, from the row under which the message had arrived."""
        for name in MESSAGE_TABLE.arrived:
            setattr(self, name, getattr(other, name))
        if other.managers_only:
            is_stored = not (other.is_new or other.secret_dirty)
            self._take_secret(other.secret, other.pk if is_stored else other.secret_of)
        self.dirty = True

    def settle(self) -> None:
        """One of ours has reached Telegram."""
        self.state = "sent"
        self.error_code = ""
        self.waits_until = None
        self.dirty = True

    def erase(self, at: datetime) -> None:
        """Deleted at Telegram: the row stays, without what was said."""
        self.deleted_at = at
        self.text = ""
        self.entities = "[]"
        self.service = self.media = self.forward = self.details = None
        if self.managers_only:
            self._take_secret(None)
        self.dirty = True


def new_row(pk: int, chat_id: int, box: int, message: Message) -> MessageRow:
    """A row to insert for a message that arrived."""
    state = "sent" if message.out else "received"
    row = MessageRow(pk, chat_id, box, state=state, date=message.date, is_new=True)
    row.take(message)
    return row


def title_of(peer: Peer) -> str:
    """What the chat with a peer is called."""
    return SAVED_MESSAGES if peer.is_self else peer.name


def new_chat(peer: Peer, now: datetime) -> ChatRow:
    """A chat to insert, whose id its sequence will give; nothing has been written in it yet."""
    return ChatRow(
        pk=0,
        peer_id=peer.id,
        kind=peer.kind.value,
        title=title_of(peer),
        username=peer.username,
        members_count=peer.members_count,
        can_send=peer.can_send,
        left=peer.left,
        is_admin=peer.is_admin,
        members_may_write=peer.members_may_write,
        restricted_until=peer.restricted_until,
        migrated_to=peer.migrated_to,
        last_message_at=now,
    )


def clean(text: str) -> str:
    """PostgreSQL stores no NUL, and no lone surrogates."""
    if text.isascii() and "\x00" not in text:
        return text
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def tidy(peer: Peer) -> Peer:
    """The peer with texts that the columns take."""
    texts = (clean(peer.name)[:255], clean(peer.username)[:64], clean(peer.phone)[:20])
    if texts == (peer.name, peer.username, peer.phone):
        return peer
    return replace(peer, name=texts[0], username=texts[1], phone=texts[2])


def to_json(value: dict[str, Any] | None) -> str | None:
    """JSON text that jsonb takes: it refuses the escapes of NUL and of lone surrogates. Raises ValueError for NaN."""
    if value is None:
        return None
    text = json.dumps(value, allow_nan=False)
    return text if _ESCAPED.search(text) is None else json.dumps(_cleaned(value), allow_nan=False)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(key): _cleaned(each) for key, each in value.items()}
    return [_cleaned(each) for each in value] if isinstance(value, (list, tuple)) else value


def from_json(stored: str | None) -> object:
    """Stored media or a stored action, whatever its JSON is; None when it is no JSON."""
    try:
        return None if stored is None else json.loads(stored)
    except (ValueError, RecursionError):
        return None


def listed_text(text: str, entities: str | None) -> str:
    """A message's text as the list shows it: ``entities`` are its stored spans, spoilers of which are covered."""
    return formatting.covered(text, formatting.from_json(from_json(entities)))


def learns(stored: Peer | None, given: Peer) -> bool:
    """Whether something new is learnt from a peer that comes in part: only of whom is not known in full, which an
    access hash comes with."""
    if stored is None:
        return True
    facts = (given.name, given.username, given.is_deleted)
    return stored.access_hash is None and facts != (stored.name, stored.username, stored.is_deleted)


def names_of(stored: str | None) -> dict[int, str]:
    """Names by peer id, as ``names_in_service`` gives them."""
    found = from_json(stored)
    return {int(peer_id): name for peer_id, name in found.items()} if isinstance(found, dict) else {}


def entities_json(entities: Sequence[Entity]) -> str:
    if not entities:
        return "[]"
    return json.dumps([_cleaned(span) for span in as_json(entities)])


def guessed(peer_id: int) -> Peer:
    """A stand-in for a peer that nothing has described yet."""
    return Peer(id=peer_id, kind=_kind_of(peer_id), name="", partial=True)


def _kind_of(peer_id: int) -> PeerKind:
    return PeerKind.USER if peer_id > 0 else PeerKind.SUPERGROUP if is_channel(peer_id) else PeerKind.GROUP


def stored_kind(kind: str, peer_id: int) -> PeerKind:
    """A stored kind, or what the id tells when it is none."""
    try:
        return PeerKind(kind)
    except ValueError:
        return _kind_of(peer_id)
