"""A batch's changes, worked out one after the other on the locked rows. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from apps.chats.event_kinds import EventKind
from apps.chats.services.record.batch import migrated_to
from apps.chats.services.record.rows import ChatRow, MessageRow, title_of
from apps.chats.services.record.state import State, is_listed, settle_rights
from tgadmin.core import official
from tgadmin.core.bounds import INT
from tgadmin.core.types import (
    ACCOUNT_BOX,
    NOT_MUTED,
    Change,
    ChatState,
    Dialog,
    Gap,
    GapKind,
    History,
    HistoryCleared,
    Message,
    MessageEdited,
    MessageIdAssigned,
    MessagesDeleted,
    NewMessage,
    Notice,
    Presence,
    ReadInbox,
    ReadOutbox,
    Renamed,
    Renumbered,
    SentShort,
    Typing,
    Unreadable,
    box_of,
    is_channel,
)


def apply(state: State, change: Change) -> None:
    """Work one change out on the rows."""
    _APPLY[type(change)](state, change)


def _new_message(state: State, change: NewMessage, random_id: int | None = None) -> None:
    message = state.owned(change.message)
    chat = state.chats[message.peer_id]
    key = (box_of(message.peer_id), message.id)
    row = state.stored.get(key)
    if row is not None:
        _merge_duplicate(state, chat, row, message)
    else:
        row = _complete_ours(state, chat, key, message, random_id) or _arrive(state, chat, message)
    if chat.synced_from_id is None:
        # Updates have come without a gap since the state we hold, so from here on everything is stored.
        chat.synced_from_id = message.id
        chat.dirty = True
    state.show_as_last(chat, row)
    if (became := migrated_to(message)) is not None:
        state.migrate(chat, became)


def _notice(state: State, change: Notice) -> None:
    if change.key in state.ours:  # repeated
        return
    chat = state.chats[official.SERVICE]
    date = change.date or state.now
    sender = official.SERVICE
    message = Message(sender, 1, date, change.text, sender, entities=change.entities, media=change.media)
    row = state.insert_notice(chat, message, change.key)
    chat.add_event(EventKind.MESSAGE, row.pk)
    if date >= chat.last_message_at or chat.last_message_id is None:
        chat.last_message_at = date
        chat.last_message_text, chat.last_message_sender, chat.last_message_out = state.preview(chat, row)


def _arrive(state: State, chat: ChatRow, message: Message) -> MessageRow:
    row = state.insert(chat, message)
    chat.add_event(EventKind.MESSAGE, row.pk)
    if not (message.out or chat.left) and message.id > chat.read_inbox_max_id and is_listed(chat, row):
        if chat.is_counted or message.id > (chat.last_message_id or 0):
            chat.unread_count = min(chat.unread_count + 1, INT)
        else:  # a dialog that was fetched meanwhile may have counted it
            state.count_unread(chat)
    return row


def _complete_ours(
    state: State, chat: ChatRow, key: tuple[int, int], message: Message, random_id: int | None
) -> MessageRow | None:
    """Our own message comes back from Telegram: the row that has waited for it, if there is one."""
    random_id = random_id or message.random_id or state.assigned.get(key)
    row = state.ours.get(random_id) if random_id is not None else None
    if row is None or row.telegram_id is not None or row.chat_id != chat.pk:
        return None
    row.take(message)
    row.settle()
    state.stored[key] = row
    state.touch(row)
    chat.add_event(EventKind.STATE, row.pk)
    return row


def _merge_duplicate(state: State, chat: ChatRow, row: MessageRow, message: Message) -> None:
    """A message that is stored (fetched with a page of history, or named by its id before)."""
    if row.out and row.state != "sent":
        row.settle()
        state.touch(row)
        chat.add_event(EventKind.STATE, row.pk)
    if _is_our_draft(row, message):
        row.take(message)
        state.touch(row)
        chat.add_event(EventKind.EDIT, row.pk)
    _freshen(state, chat, row, message)
    if not message.out and row.deleted_at is None and message.id > chat.read_inbox_max_id:
        state.count_unread(chat)


def _is_our_draft(row: MessageRow, message: Message) -> bool:
    """Whether the row still has the text and time of the moment when it was written here, not Telegram's."""
    if (
        row.random_id is None
        or row.deleted_at is not None
        or row.edit_date is not None
        or message.edit_date is not None
    ):
        return False
    return (row.date, row.text) != (message.date, message.text)


def _freshen(state: State, chat: ChatRow, row: MessageRow, message: Message, *, forced: bool = False) -> None:
    """Take newer content. ``forced``: an edit, which may bear the same second as the one before or none at all."""
    if row.deleted_at is not None:
        return
    if row.edit_date is not None and message.edit_date is not None and message.edit_date < row.edit_date:
        return
    if not forced and message.edit_date == row.edit_date:
        return
    if not forced and message.edit_date is None:
        return
    row.take(message)
    state.touch(row)
    chat.add_event(EventKind.EDIT, row.pk)
    if chat.last_message_id == row.telegram_id:
        state.show_as_last(chat, row)


def _sent_short(state: State, change: SentShort) -> None:
    _new_message(state, NewMessage(change.message), change.random_id)


def _id_assigned(state: State, change: MessageIdAssigned) -> None:
    row = state.ours.get(change.random_id)
    if row is None or row.telegram_id == change.id:
        return
    chat = state.by_pk[row.chat_id]
    twin = state.stored.get((row.box, change.id))
    if twin is not None and twin is not row:
        _merge(state, chat, row, twin)
    row.telegram_id = change.id
    row.settle()
    state.stored[row.box, change.id] = row
    state.touch(row)
    chat.add_event(EventKind.STATE, row.pk)
    if chat.synced_from_id is None:
        chat.synced_from_id = change.id
    state.show_as_last(chat, row)


def _merge(state: State, chat: ChatRow, row: MessageRow, twin: MessageRow) -> None:
    """The message had arrived before the word that it is ours: two rows become one, the page's own."""
    row.take_row(twin)
    state.touched.pop(twin.pk, None)
    state.removed.append(twin.pk)
    chat.add_event(EventKind.DELETE, twin.pk)


def _edited(state: State, change: MessageEdited) -> None:
    message = state.owned(change.message)
    chat = state.chats.get(message.peer_id)
    if chat is None:
        return
    row = state.stored.get((box_of(message.peer_id), message.id))
    if row is not None:
        _freshen(state, chat, row, message, forced=True)
    elif chat.synced_from_id is not None and message.id >= chat.synced_from_id:
        _new_message(state, NewMessage(message))


def _deleted(state: State, change: MessagesDeleted) -> None:
    for telegram_id in change.ids:
        row = state.stored.get((change.box, telegram_id))
        if row is None:
            _unknown_deleted(state, change.box, telegram_id)
        elif row.deleted_at is None:
            chat = state.by_pk[row.chat_id]
            if _erase(state, chat, row):
                chat.unread_count = max(0, chat.unread_count - 1)
                if not chat.is_counted:  # a dialog that was fetched meanwhile may not have counted it any more
                    state.count_unread(chat)


def _unknown_deleted(state: State, box: int, telegram_id: int) -> None:
    """It may have been counted as unread, somewhere."""
    if box == ACCOUNT_BOX:
        state.unknown.add(telegram_id)
    elif (chat := state.chats.get(box)) is not None and chat.unread_count and telegram_id > chat.read_inbox_max_id:
        state.count_unread(chat)


def _erase(state: State, chat: ChatRow, row: MessageRow) -> bool:
    """Whether the message was an unread one."""
    row.erase(state.now)
    if row.out and row.state != "sent":
        row.settle()
    state.touch(row)
    chat.add_event(EventKind.DELETE, row.pk)
    if chat.last_message_id == row.telegram_id:
        state.refresh.add(chat.pk)
    return (
        not row.out
        and row.telegram_id is not None
        and row.telegram_id > chat.read_inbox_max_id
        and is_listed(chat, row)
    )


def _read_inbox(state: State, change: ReadInbox) -> None:
    chat = state.chats.get(change.peer_id)
    if chat is None or change.max_id < chat.read_inbox_max_id:
        return
    chat.read_inbox_max_id, chat.unread_mark = change.max_id, False
    # Counted from what is stored: what Telegram says was true at that update, not after the later ones.
    if not chat.is_counted and change.still_unread is not None:
        chat.unread_count = change.still_unread
    if chat.unread_count:
        state.count_unread(chat)
    chat.add_event(EventKind.READ_INBOX, data={"max_id": change.max_id})


def _read_outbox(state: State, change: ReadOutbox) -> None:
    chat = state.chats.get(change.peer_id)
    if chat is None or change.max_id <= chat.read_outbox_max_id:
        return
    chat.read_outbox_max_id = change.max_id
    chat.add_event(EventKind.READ_OUTBOX, data={"max_id": change.max_id})


def _typing(state: State, change: Typing) -> None:
    state.typing.append((change, state.name_of(change.sender_id)))


def _presence(state: State, change: Presence) -> None:
    state.presence[change.user_id] = change


_PLAIN_FACTS = ("pinned", "archived", "unread_mark", "members_may_write", "is_admin")


def _chat_state(state: State, change: ChatState) -> None:
    chat = state.chats.get(change.peer_id)
    if chat is None:
        return
    if change.muted_until is not None:
        chat.muted_until = None if change.muted_until == NOT_MUTED else change.muted_until
    for name in _PLAIN_FACTS:
        if (value := getattr(change, name)) is not None:
            setattr(chat, name, value)
    if change.ttl_period is not None:
        chat.ttl_period = change.ttl_period or None
    if change.members_may_write is not None or change.is_admin is not None:
        settle_rights(chat, state.now)
    if change.left is not None:
        was_left, chat.left = chat.left, change.left
        state.note_return(chat, was_left)
        state.note_membership(chat, was_left)
    chat.dirty = True


def _renamed(state: State, change: Renamed) -> None:
    peer = state.names.get(change.user_id)
    if peer is None:
        return
    peer = state.names[change.user_id] = replace(peer, name=change.name, username=change.username)
    state.renamed[change.user_id] = change
    chat = state.chats.get(change.user_id)
    if chat is not None:
        chat.title, chat.username, chat.dirty = title_of(peer), change.username, True


def _renumbered(state: State, change: Renumbered) -> None:
    peer = state.names.get(change.user_id)
    if peer is not None:
        state.names[change.user_id] = replace(peer, phone=change.phone)
        state.renumbered[change.user_id] = change.phone


def _history_cleared(state: State, change: HistoryCleared) -> None:
    chat = state.chats.get(change.peer_id)
    if chat is None:
        return
    state.cleared[chat.pk] = max(change.max_id, state.cleared.get(chat.pk, 0))
    if chat.synced_from_id is not None and chat.synced_from_id <= change.max_id + 1:
        chat.history_complete = True  # nothing older exists
    state.refresh.add(chat.pk)
    state.count_unread(chat)
    chat.add_event(EventKind.RESET)


def _gap(state: State, change: Gap) -> None:
    state.gaps.append(change)
    if change.how is not GapKind.TOO_LONG:
        return
    for chat in list(state.chats.values()):
        if chat.peer_id != change.box and (change.box != ACCOUNT_BOX or is_channel(chat.peer_id)):
            continue
        state.forget_history(chat)


def _dialog(state: State, change: Dialog) -> None:
    chat = state.chats[change.peer_id]
    chat.pinned, chat.archived, chat.muted_until = change.pinned, change.archived, change.muted_until
    chat.unread_mark, chat.ttl_period = change.unread_mark, change.ttl_period or None
    peer = state.names.get(change.peer_id)
    was_left, chat.left = chat.left, peer is not None and peer.left
    state.note_return(chat, was_left)
    if change.read_outbox_max_id > chat.read_outbox_max_id:
        chat.read_outbox_max_id = change.read_outbox_max_id
        chat.add_event(EventKind.READ_OUTBOX, data={"max_id": chat.read_outbox_max_id})
    if change.read_inbox_max_id >= chat.read_inbox_max_id:
        _take_unread(state, chat, change)
    chat.dirty = True


def _take_unread(state: State, chat: ChatRow, change: Dialog) -> None:
    """The dialog's own count, unless every message after the read mark is stored: updates may have overtaken it."""
    if change.read_inbox_max_id > chat.read_inbox_max_id:
        chat.read_inbox_max_id = change.read_inbox_max_id
        chat.add_event(EventKind.READ_INBOX, data={"max_id": chat.read_inbox_max_id})
    exact = (chat.last_message_id or 0) <= change.top_message_id and not change.overtaken
    if exact and not chat.is_counted:
        chat.unread_count, chat.unread_stale = change.unread_count, False
        return
    chat.unread_count = max(chat.unread_count, change.unread_count)
    state.count_unread(chat)


def _history(state: State, change: History) -> None:
    chat = state.chats[change.peer_id]
    is_shown = chat.last_event > 0
    changed = _correct(state, chat, change)
    before = state.new
    for message in map(state.owned, change.messages):
        row = state.stored.get((box_of(message.peer_id), message.id))
        if row is not None:
            _freshen(state, chat, row, message)
        else:
            key = (box_of(message.peer_id), message.id)
            row = _complete_ours(state, chat, key, message, None) or state.insert(chat, message)
        if change.before_id == 0:
            state.show_as_last(chat, row)
    _extend(chat, change)
    # An open page cannot know of what lay in a gap, even if new messages have come since.
    if is_shown and change.before_id == 0 and (changed or state.new != before):
        chat.add_event(EventKind.RESET)
    if chat.is_counted and (chat.unread_count or chat.unread_stale):
        state.count_unread(chat)


def _correct(state: State, chat: ChatRow, change: History) -> bool:
    """Stored messages that the page should show and does not are deleted at Telegram."""
    ids = {message.id for message in change.messages}
    low = 0 if change.complete else min(ids, default=None)
    if low is None:
        return False
    high: float = change.before_id - 1
    if change.before_id == 0:
        # What is newer than the page came by updates, unless a gap has swallowed them.
        high = float("inf") if chat.synced_from_id is None else max(ids, default=0)
    changed = False
    for row in state.ranges.get(change.peer_id, ()):
        if row.telegram_id is None or row.telegram_id in ids or row.deleted_at is not None or row.is_new:
            continue
        if low <= row.telegram_id <= high:
            if _erase(state, chat, row):
                state.count_unread(chat)
            changed = True
    return changed


def _extend(chat: ChatRow, change: History) -> None:
    """How far back the chat is known, if the page joins what is stored."""
    lowest = min((message.id for message in change.messages), default=None)
    known = chat.synced_from_id
    if change.before_id != 0 and (known is None or change.before_id < known):
        return
    if lowest is None:
        lowest = 1 if change.complete else None
    if lowest is not None and (known is None or lowest < known):
        chat.synced_from_id = lowest
    if change.complete:
        chat.history_complete = True
    chat.dirty = True


def _unreadable(state: State, change: Unreadable) -> None:
    state.unreadable.append(change)


_APPLY: dict[type, Callable[[State, Any], None]] = {
    NewMessage: _new_message,
    Notice: _notice,
    MessageEdited: _edited,
    MessagesDeleted: _deleted,
    MessageIdAssigned: _id_assigned,
    SentShort: _sent_short,
    ReadInbox: _read_inbox,
    ReadOutbox: _read_outbox,
    Typing: _typing,
    Presence: _presence,
    Renamed: _renamed,
    Renumbered: _renumbered,
    HistoryCleared: _history_cleared,
    ChatState: _chat_state,
    Gap: _gap,
    Dialog: _dialog,
    History: _history,
    Unreadable: _unreadable,
}
