"""The rows of a batch while its changes are worked out on them. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from apps.chats.event_kinds import EventKind
from apps.chats.services.record.batch import BatchScope
from apps.chats.services.record.rows import ChatRow, MessageRow, from_json, listed_text, new_row, title_of
from tgadmin.core.official import is_official
from tgadmin.core.preview import Last
from tgadmin.core.service_messages import people_in
from tgadmin.core.types import (
    Gap,
    Message,
    Peer,
    PeerKind,
    Presence,
    Renamed,
    Typing,
    Unreadable,
    box_of,
    is_channel,
    may_write,
)


@dataclass(slots=True)
class State:
    """The rows of a batch under their locks, and what is to be written besides them."""

    now: datetime
    chats: dict[int, ChatRow]
    names: dict[int, Peer]
    """Who is who: stored peers, and over them what this batch says in full."""
    known_peers: dict[int, Peer]
    """As they are stored."""
    update_due: bool
    """Whether it has not been noted for some seconds that updates come."""
    stored: dict[tuple[int, int], MessageRow]
    ours: dict[int, MessageRow]
    """By random_id."""
    ranges: dict[int, list[MessageRow]]
    """Stored rows of the chats whose history was fetched, by peer."""
    ids: Iterator[int]
    first_id: int
    """New rows have ids from here on."""
    assigned: dict[tuple[int, int], int] = field(default_factory=dict)
    """(box, telegram id) -> random_id, for messages that come before the word of their id."""
    by_pk: dict[int, ChatRow] = field(default_factory=dict)
    touched: dict[int, MessageRow] = field(default_factory=dict)
    removed: list[int] = field(default_factory=list)
    recount: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    """Deleted messages of the account's box that nobody knew."""
    has_stale_unread: bool = False
    """Some chat's unread count has become stale."""
    refresh: set[int] = field(default_factory=set)
    gaps: list[Gap] = field(default_factory=list)
    typing: list[tuple[Typing, str]] = field(default_factory=list)
    renamed: dict[int, Renamed] = field(default_factory=dict)
    renumbered: dict[int, str] = field(default_factory=dict)
    cleared: dict[int, int] = field(default_factory=dict)
    """Chats of which the messages up to an id are gone: by row, that id."""
    migrated: dict[int, int] = field(default_factory=dict)
    """Groups of which this batch says that they have become supergroups: row -> the supergroup's row."""
    presence: dict[int, Presence] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)
    new: int = 0

    def prepare(self, needs: BatchScope) -> None:
        """Indexes, and what the batch says of the peers of its chats."""
        self.by_pk = {chat.pk: chat for chat in self.chats.values()}
        for random_id, telegram_id in needs.random_ids.items():
            row = self.ours.get(random_id)
            if row is not None and row.telegram_id is None:
                self.assigned[row.box, telegram_id] = random_id
        for peer in needs.peers.values():
            chat = self.chats.get(peer.id)
            if chat is not None and not peer.partial:
                was_left = chat.left
                describe(chat, peer, self.now)
                self.note_return(chat, was_left)
        for chat in list(self.chats.values()):
            if chat.migrated_to is not None:
                self.migrate(chat, chat.migrated_to)

    def migrate(self, chat: ChatRow, became: int) -> None:
        """The group goes on as the supergroup ``became``: nothing is read or written in it any more, and what waits to
        go out goes there."""
        if not chat.left or chat.migrated_to != became:
            chat.migrated_to, chat.left, chat.can_send, chat.dirty = became, True, False, True
            self.clear_unread(chat)
        successor = self.chats.get(became)
        if successor is not None and chat.pk not in self.migrated:
            self.migrated[chat.pk] = successor.pk

    def count_unread(self, chat: ChatRow) -> None:
        """Something happened to the chat's unread messages: count what is stored, or else have Telegram asked."""
        if chat.left:
            self.clear_unread(chat)
        elif chat.is_counted:
            self.recount.add(chat.pk)
            chat.unread_stale = False
        elif not chat.unread_stale:
            chat.unread_stale = self.has_stale_unread = True
        chat.dirty = True

    def clear_unread(self, chat: ChatRow) -> None:
        """Nobody can read on in a chat that the account is no member of."""
        if chat.unread_count or chat.unread_stale or chat.unread_mark:
            chat.unread_count, chat.unread_stale, chat.unread_mark = 0, False, False
            chat.dirty = True

    def note_return(self, chat: ChatRow, was_left: bool) -> None:
        """The account is in a channel again that it had left: what was written meanwhile, and how far the channel
        counts as read, no update tells."""
        if chat.left:
            self.clear_unread(chat)
        if was_left and not chat.left and is_channel(chat.peer_id):
            self.gaps.append(Gap(chat.peer_id, 0, 0))
            self.forget_history(chat)

    def note_membership(self, chat: ChatRow, was_left: bool) -> None:
        """Telegram says that a channel has changed and must be looked at again. The account may have been out of it
        and in again without our seeing it: then it counts as read up to there, which no update tells."""
        if not was_left and not chat.left and is_channel(chat.peer_id):
            chat.unread_stale = self.has_stale_unread = True

    def forget_history(self, chat: ChatRow) -> None:
        """What is stored of the chat may have holes: it has to be fetched again."""
        if chat.synced_from_id is None and not chat.history_complete:
            return
        chat.synced_from_id = None
        chat.history_complete = False
        chat.add_event(EventKind.RESET)

    def name_of(self, peer_id: int | None) -> str:
        """Whose name the list shows with a message; our own side has none."""
        peer = self.names.get(peer_id) if peer_id is not None else None
        return "" if peer is None or peer.is_self else peer.name

    def owned(self, message: Message) -> Message:
        """Telegram does not call what one writes to oneself outgoing; it is ours nonetheless."""
        peer = self.names.get(message.peer_id)
        return message if message.out or peer is None or not peer.is_self else replace(message, out=True)

    def insert(self, chat: ChatRow, message: Message) -> MessageRow:
        row = new_row(next(self.ids), chat.pk, box_of(message.peer_id), message)
        self.stored[row.box, message.id] = row
        self.touched[row.pk] = row
        self.new += 1
        return row

    def insert_notice(self, chat: ChatRow, message: Message, key: int) -> MessageRow:
        """A message that has no number at Telegram; ``key`` tells it from others."""
        row = new_row(next(self.ids), chat.pk, box_of(message.peer_id), message)
        row.telegram_id, row.random_id = None, key
        self.ours[key] = self.touched[row.pk] = row
        self.new += 1
        return row

    def touch(self, row: MessageRow) -> None:
        self.touched[row.pk] = row

    def show_as_last(self, chat: ChatRow, row: MessageRow) -> None:
        """The chat's last message, unless a newer one is there."""
        if row.telegram_id is None or row.deleted_at is not None or not is_listed(chat, row):
            return
        if chat.last_message_id is not None and row.telegram_id < chat.last_message_id:
            return
        chat.last_message_id = row.telegram_id
        chat.last_message_at = row.date
        chat.last_message_text, chat.last_message_sender, chat.last_message_out = self.preview(chat, row)
        chat.dirty = True

    def preview(self, chat: ChatRow, row: MessageRow) -> tuple[str, str, bool]:
        """How the list shows the message: text, sender, whether it is ours."""
        return self._last(chat, row).shown()

    def _last(self, chat: ChatRow, row: MessageRow) -> Last:
        if row.service is None:
            media = None if row.text else from_json(row.media)
            text = listed_text(row.text, row.entities)
            return Last(text, media, out=row.out, sender=self.name_of(row.sender_id))
        service = from_json(row.service)
        return Last(
            row.text,
            service=service,
            out=row.out,
            sender=self.name_of(row.sender_id),
            sender_id=row.sender_id,
            names={one: self.names[one].name for one in people_in(service) if one in self.names},
            is_channel=chat.kind == PeerKind.CHANNEL,
        )


def is_listed(chat: ChatRow, row: MessageRow) -> bool:
    """Whether the chat list shows and counts the message. The row of an ordinary chat, which all may see, says nothing
    of what is for managers only."""
    return not row.managers_only or is_official(chat.peer_id)


def describe(chat: ChatRow, peer: Peer, now: datetime) -> None:
    """What Telegram says of the chat's peer, in the chat's row."""
    facts = {
        "kind": peer.kind.value,
        "title": title_of(peer),
        "username": peer.username,
        "left": peer.left,
        "is_admin": peer.is_admin,
        "members_may_write": peer.members_may_write,
        "restricted_until": peer.restricted_until,
        "migrated_to": peer.migrated_to,
        "members_count": chat.members_count if peer.members_count is None else peer.members_count,
        "can_send": peer.can_send,
    }
    for name, value in facts.items():
        if getattr(chat, name) != value:
            setattr(chat, name, value)
            chat.dirty = True
    end_restriction(chat, now)


def end_restriction(chat: ChatRow, now: datetime) -> None:
    """A restriction that is over holds no longer, whether or not anybody has said so."""
    if chat.restricted_until is not None and chat.restricted_until <= now:
        chat.restricted_until = None
        settle_rights(chat, now)


def settle_rights(chat: ChatRow, now: datetime) -> None:
    """Whether the account may write in a group, by what is stored of it."""
    if chat.kind in (PeerKind.GROUP, PeerKind.SUPERGROUP):
        chat.can_send = not chat.left and may_write(
            is_admin=chat.is_admin,
            members_may_write=chat.members_may_write,
            restricted_until=chat.restricted_until,
            now=now,
        )
        chat.dirty = True
