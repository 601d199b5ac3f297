"""Updates as core changes: none for what says nothing that we keep, Unreadable for what cannot be understood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core.bounds import fit
from tgadmin.core.types import (
    ACCOUNT_BOX,
    Change,
    ChatState,
    Gap,
    GapKind,
    History,
    HistoryCleared,
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
)
from tgadmin.telegram._telethon import (
    ACCOUNT,
    UNREAD_NOT_SAID,
    Recovered,
    Removed,
    TooLong,
    UnreadablePacket,
)
from tgadmin.telegram.convert.dialogs import ARCHIVE, dialog, muted_until
from tgadmin.telegram.convert.media import media
from tgadmin.telegram.convert.messages import (
    message,
    messages,
    raw,
    sent_message,
    short_message,
    unreadable,
)
from tgadmin.telegram.convert.peers import marked, of_channel, of_group, of_user, presence, silenced
from tgadmin.telegram.convert.text import snake, text_and_entities

Changes = list[Change]


def changes(update: Any, me: int) -> Changes:
    """The changes that one update means, in order, every value in its range; ``me`` is the account's user id. Never
    raises: what can be no row is Unreadable."""
    convert = _KINDS.get(type(update))
    if convert is None:
        return []
    try:
        return [each if each.__class__ in _FIT else fit(each) for each in convert(update, me)]
    except Exception as error:  # noqa: BLE001 - one update of a shape that nobody foresaw must not stop the rest
        return [unreadable(update, error)]


_FIT = frozenset((NewMessage, MessageEdited))
"""They hold nothing but a message, which was made fit already."""


def _new(update: Any, me: int) -> Changes:
    found = message(update.message, me)
    return [] if found is None else [NewMessage(found)]


def _edited(update: Any, me: int) -> Changes:
    found = message(update.message, me)
    return [] if found is None else [MessageEdited(found)]


def _short(update: Any, me: int) -> Changes:
    return [NewMessage(short_message(update, me))]


def _sent(update: Any, me: int) -> Changes:
    request: Any = getattr(update, "_request", None)
    if not hasattr(request, "random_id") or not hasattr(request, "peer"):
        return [Unreadable(type(update).__name__, "its request is not known", raw(update))]
    return [SentShort(request.random_id, sent_message(update, request, me))]


def _deleted(update: Any, _: int) -> Changes:
    return [MessagesDeleted(ACCOUNT_BOX, tuple(update.messages))] if update.messages else []


def _deleted_in_channel(update: Any, _: int) -> Changes:
    return [MessagesDeleted(of_channel(update.channel_id), tuple(update.messages))] if update.messages else []


def _assigned(update: Any, _: int) -> Changes:
    return [MessageIdAssigned(update.random_id, update.id)]


def _read_inbox(update: Any, _: int) -> Changes:
    if update.top_msg_id:  # a topic's mark is not the chat's
        return []
    return [ReadInbox(marked(update.peer), update.max_id, _unread(update))]


def _read_channel_inbox(update: Any, _: int) -> Changes:
    return [ReadInbox(of_channel(update.channel_id), update.max_id, _unread(update))]


def _unread(update: Any) -> int | None:
    count: int = update.still_unread_count
    return None if count == UNREAD_NOT_SAID else count


def _read_outbox(update: Any, _: int) -> Changes:
    return [ReadOutbox(marked(update.peer), update.max_id)]


def _read_channel_outbox(update: Any, _: int) -> Changes:
    return [ReadOutbox(of_channel(update.channel_id), update.max_id)]


def _user_typing(update: Any, _: int) -> Changes:
    return [Typing(of_user(update.user_id), update.user_id, action_name(update.action))]


def _group_typing(update: Any, _: int) -> Changes:
    return [Typing(of_group(update.chat_id), marked(update.from_id), action_name(update.action))]


def _channel_typing(update: Any, _: int) -> Changes:
    return [Typing(of_channel(update.channel_id), marked(update.from_id), action_name(update.action))]


def action_name(action: Any) -> str:
    """``sendMessageRecordAudioAction`` as ``record_audio``."""
    return snake(type(action).__name__.removeprefix("SendMessage").removesuffix("Action"))


def _status(update: Any, _: int) -> Changes:
    return [Presence(of_user(update.user_id), *presence(update.status))]


def _notify(update: Any, _: int) -> Changes:
    if not isinstance(update.peer, T.NotifyPeer):  # the defaults of all chats of a kind
        return []
    return [ChatState(marked(update.peer.peer), muted_until=muted_until(update.notify_settings))]


def _renamed(update: Any, _: int) -> Changes:
    usernames = [each.username for each in update.usernames or () if each.active]
    name = " ".join(part for part in (update.first_name, update.last_name) if part)
    return [Renamed(of_user(update.user_id), name, usernames[0] if usernames else "")]


def _renumbered(update: Any, _: int) -> Changes:
    return [Renumbered(of_user(update.user_id), update.phone)]


def _unread_mark(update: Any, _: int) -> Changes:
    if not isinstance(update.peer, T.DialogPeer) or update.saved_peer_id is not None:
        return []
    return [ChatState(marked(update.peer.peer), unread_mark=bool(update.unread))]


def _default_rights(update: Any, _: int) -> Changes:
    return [ChatState(marked(update.peer), members_may_write=not silenced(update.default_banned_rights))]


def _participant_admin(update: Any, me: int) -> Changes:
    if update.user_id != me:
        return []
    return [ChatState(of_group(update.chat_id), is_admin=bool(update.is_admin))]


def _notice(update: Any, _: int) -> Changes:
    """Without a time it is for this moment only, and no part of the history."""
    text, entities = text_and_entities(update.message, update.entities)
    found = None if update.media is None else media(update.media)
    return [Notice(text, entities, found, update.inbox_date)]


def _history_ttl(update: Any, _: int) -> Changes:
    return [ChatState(marked(update.peer), ttl_period=update.ttl_period or 0)]


def _history_cleared(update: Any, _: int) -> Changes:
    return [HistoryCleared(of_channel(update.channel_id), update.available_min_id)]


def _pinned(update: Any, _: int) -> Changes:
    if not isinstance(update.peer, T.DialogPeer):
        return []
    return [ChatState(marked(update.peer.peer), pinned=bool(update.pinned))]


def _pinned_order(update: Any, _: int) -> Changes:
    listed = [each for each in update.order or () if isinstance(each, T.DialogPeer)]
    return [ChatState(marked(each.peer), pinned=True) for each in listed]


def _folders(update: Any, _: int) -> Changes:
    return [ChatState(marked(each.peer), archived=each.folder_id == ARCHIVE) for each in update.folder_peers]


def _participant_gone(update: Any, me: int) -> Changes:
    return [ChatState(of_group(update.chat_id), left=True)] if update.user_id == me else []


def _participant_come(update: Any, me: int) -> Changes:
    return [ChatState(of_group(update.chat_id), left=False)] if update.user_id == me else []


def _participants(update: Any, _: int) -> Changes:
    found = update.participants
    return [ChatState(of_group(found.chat_id), left=True)] if isinstance(found, T.ChatParticipantsForbidden) else []


def _secret(update: Any, _: int) -> Changes:
    return [Unreadable(type(update).__name__, "secret chats are not supported", raw(update))]


def _packet(update: Any, _: int) -> Changes:
    return [Unreadable(f"{update.constructor:08x}", "unknown type", update.data)]


def _box(entry: Any) -> int:
    return ACCOUNT_BOX if entry is ACCOUNT else of_channel(entry)


def _recovered(found: Any, _: int) -> Changes:
    return [Gap(_box(found.entry), found.low, found.high, GapKind.DIFFERENCE, found.count)]


def _removed(found: Any, _: int) -> Changes:
    box = _box(found.entry)
    return [Gap(box, found.pts, found.pts, GapKind.REMOVED, 0), ChatState(box, left=True)]


def _too_long(gap: Any, me: int) -> Changes:
    found: Changes = [Gap(_box(gap.entry), gap.low, gap.high)]
    if gap.dialog is not None and (row := dialog(gap.dialog)) is not None:
        found.append(row)
        newest = sorted((each for each in gap.messages if getattr(each, "peer_id", None)), key=lambda m: -m.id)
        readable, aside = messages(newest, me)
        found += [History(row.peer_id, readable, before_id=0, complete=False), *aside]
    return found


_KINDS: dict[type, Callable[[Any, int], Changes]] = {
    TooLong: _too_long,
    Recovered: _recovered,
    Removed: _removed,
    UnreadablePacket: _packet,
    T.UpdateUserName: _renamed,
    T.UpdateUserPhone: _renumbered,
    T.UpdateDialogUnreadMark: _unread_mark,
    T.UpdateChannelAvailableMessages: _history_cleared,
    T.UpdateChatDefaultBannedRights: _default_rights,
    T.UpdateChatParticipantAdmin: _participant_admin,
    T.UpdatePeerHistoryTTL: _history_ttl,
    T.UpdateServiceNotification: _notice,
    T.UpdateNewMessage: _new,
    T.UpdateNewChannelMessage: _new,
    T.UpdateEditMessage: _edited,
    T.UpdateEditChannelMessage: _edited,
    T.UpdateShortMessage: _short,
    T.UpdateShortChatMessage: _short,
    T.UpdateShortSentMessage: _sent,
    T.UpdateDeleteMessages: _deleted,
    T.UpdateDeleteChannelMessages: _deleted_in_channel,
    T.UpdateMessageID: _assigned,
    T.UpdateReadHistoryInbox: _read_inbox,
    T.UpdateReadHistoryOutbox: _read_outbox,
    T.UpdateReadChannelInbox: _read_channel_inbox,
    T.UpdateReadChannelOutbox: _read_channel_outbox,
    T.UpdateUserTyping: _user_typing,
    T.UpdateChatUserTyping: _group_typing,
    T.UpdateChannelUserTyping: _channel_typing,
    T.UpdateUserStatus: _status,
    T.UpdateNotifySettings: _notify,
    T.UpdateDialogPinned: _pinned,
    T.UpdatePinnedDialogs: _pinned_order,
    T.UpdateFolderPeers: _folders,
    T.UpdateChatParticipantDelete: _participant_gone,
    T.UpdateChatParticipantAdd: _participant_come,
    T.UpdateChatParticipants: _participants,
    T.UpdateNewEncryptedMessage: _secret,
}
