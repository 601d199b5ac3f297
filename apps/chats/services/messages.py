"""What staff do with messages: send, retry, discard, edit, delete, mark read, typing, fetch older ones.

Each asks for the right first, then writes its rows, its events and its command in one transaction. What Telegram
answers comes back by outcomes.py and record.py; a returned Command lets the caller watch for its end.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.chats import sight
from apps.chats.event_kinds import EventKind
from apps.chats.models import Chat, Message, Peer
from apps.chats.services import events
from apps.chats.services.captions import has_text, is_caption, longest
from apps.chats.services.text import prepared
from apps.commands.command_kinds import SPECS, CommandKind
from apps.commands.models import Command
from apps.commands.services import commands
from apps.common.cascades import is_orphan
from apps.sessions.models import Session, SessionStatus
from apps.staff.roles import Role
from tgadmin.core.errors import UserError
from tgadmin.core.formatting import as_json, carried, covered, from_json
from tgadmin.core.official import is_official
from tgadmin.core.preview import Last
from tgadmin.core.service_messages import people_in
from tgadmin.core.types import Entity, PeerKind, box_of

HISTORY_LIMIT = 100
"""Messages asked of Telegram at once: the most that messages.getHistory gives."""

HISTORY_WAITING = 8
"""Requests for older messages that a user may have waiting or under way, over all chats; in one chat one may be under
way and one wait, whoever asked."""

_NEEDS_STAFF = {
    SessionStatus.NEEDS_SIGN_IN: (
        "SESSION_NEEDS_SIGN_IN",
        "This account must be signed in again before it can send.",
    ),
    SessionStatus.BANNED: ("SESSION_BANNED", "Telegram has banned this account: it can no longer send."),
    SessionStatus.DISABLED: ("SESSION_DISABLED", "This account is disabled: enable it before sending."),
}


def send(
    user: User,
    chat: Chat,
    text: str,
    *,
    cid: UUID,
    reply_to_id: int | None = None,
    entities: Sequence[Entity] = (),
) -> Message:
    """Queue a message. ``cid`` is the page's own name for it: the same one again returns the first message.

    ``reply_to_id`` is a Telegram message id of the same chat; ``entities`` are the text's formatted spans, whatever a
    page says they are. Raises Forbidden, UserError.
    """
    sight.require(user, chat, Role.OPERATOR)
    text, spans = prepared(text, entities)
    try:
        with transaction.atomic():
            chat = events.lock(_today(chat).pk)
            if (first := Message.objects.filter(cid=cid).first()) is not None:
                return _same(first, chat, user)
            _require_writable(chat, chat.session)
            message = _create(user, chat, text, cid, reply_to_id, spans)
            _show_in_list(chat, message)
            _enqueue_send(chat, message, user)
            return message
    except IntegrityError as error:
        if is_orphan(error):
            raise
        # The cid was taken in another chat between our look and the insert.
        raise UserError("CID_TAKEN", "This message was already sent elsewhere.") from None


def _today(chat: Chat) -> Chat:
    """Where the conversation goes on: the supergroup that a group has become."""
    if chat.migrated_to is None:
        return chat
    return Chat.objects.filter(session_id=chat.session_id, peer_id=chat.migrated_to).first() or chat


def retry(user: User, message: Message) -> Message:
    """Send a failed message again, with the same random_id: Telegram makes one message of all tries. It is the
    command of whoever asks for it now: their right counts."""
    sight.require(user, message.chat, Role.OPERATOR, message)
    with transaction.atomic():
        chat = events.lock(message.chat_id)
        message = _locked(message)
        if message.state == Message.State.SENDING:
            return message
        if message.state != Message.State.FAILED:
            raise UserError("NOT_FAILED", "This message was sent already.")
        _require_writable(chat, chat.session)
        message.state = Message.State.SENDING
        message.error_code = message.error_message = ""
        message.waits_until = None
        message.save(update_fields=["state", "error_code", "error_message", "waits_until"])
        _enqueue_send(chat, message, user)
        return message


def discard(user: User, message: Message) -> None:
    """Remove a message that never went out: a failed one, or one that still waits for its turn."""
    sight.require(user, message.chat, Role.OPERATOR, message)
    with transaction.atomic():
        chat = events.lock(message.chat_id)
        message = _locked(message)
        if message.state == Message.State.SENDING and not _cancel_send(message):
            raise UserError("UNDER_WAY", "This message is being sent: delete it once it is sent.")
        if message.state not in (Message.State.FAILED, Message.State.SENDING):
            raise UserError("SENT", "This message was sent already: delete it at Telegram instead.")
        message_id = message.pk
        message.delete()
        _refresh_preview(chat)
        events.append(chat, EventKind.DELETE, message_id=message_id)


def edit(user: User, message: Message, text: str, entities: Sequence[Entity] | None = None) -> Command:
    """Ask Telegram for the new text, or caption; the row changes when Telegram has it.

    ``entities``: all formatted spans of the new text; None: those that the message has, where they were not touched.
    """
    sight.require(user, message.chat, Role.OPERATOR, message)
    _refuse_official(message.chat)
    if not message.out or message.deleted_at is not None:
        raise UserError("NOT_OURS", "Only messages sent from this account can be edited.")
    if message.telegram_id is None:
        raise UserError("NOT_SENT", "This message is not sent yet: it can be edited once Telegram has it.")
    if not has_text(message):
        raise UserError("NOT_TEXT", "This kind of message has no text that could be edited; it stays as it is.")
    before = from_json(message.entities)
    given = carried(message.text, before, text) if entities is None else entities
    text, spans = prepared(
        text,
        given,
        known={span.extra for span in before},
        most=longest(message),
        may_be_empty=is_caption(message.media),
    )
    chat = message.chat
    payload: dict[str, object] = {"message": message.pk, "text": text}
    if spans:
        payload["entities"] = as_json(spans)
    with transaction.atomic():
        return _enqueue(chat, CommandKind.EDIT, payload, user)


def delete(user: User, messages: Sequence[Message]) -> Command:
    """Ask Telegram to delete messages of one chat for everybody; the rows lose their text when it has."""
    if not messages or len({message.chat_id for message in messages}) != 1:
        raise UserError("NOT_FOUND", "Choose messages of one chat.")
    chat = messages[0].chat
    sight.require(user, chat, Role.OPERATOR, *messages)
    if any(message.telegram_id is None for message in messages):
        raise UserError("NOT_SENT", "This message is not sent yet.")
    payload = {"messages": [message.pk for message in messages]}
    with transaction.atomic():
        return _enqueue(chat, CommandKind.DELETE, payload, user)


def mark_read(user: User, chat: Chat, max_id: int) -> None:
    """Mark what others wrote, up to the Telegram id ``max_id``, as read: here at once, at Telegram by a command."""
    sight.require(user, chat, Role.OPERATOR)
    with transaction.atomic():
        chat = events.lock(chat.pk)
        newest = Message.objects.filter(chat=chat, telegram_id__lte=max_id).order_by("-telegram_id").first()
        if newest is None or newest.telegram_id is None or newest.telegram_id <= chat.read_inbox_max_id:
            return
        _unmark(chat, user)
        chat.read_inbox_max_id = newest.telegram_id
        listed = sight.shown_messages(Message.objects.filter(chat=chat), whole=is_official(chat.peer_id))
        later = listed.filter(telegram_id__gt=newest.telegram_id, out=False, deleted_at=None)
        chat.unread_count = min(chat.unread_count, later.count())
        chat.save(update_fields=["read_inbox_max_id", "unread_count"])
        events.append(chat, EventKind.READ_INBOX, data={"max_id": chat.read_inbox_max_id})
        payload = {"peer_id": chat.peer_id, "max_id": chat.read_inbox_max_id}
        _enqueue_once(chat, CommandKind.READ, payload, user)


def mark_unread(user: User, chat: Chat, *, unread: bool) -> None:
    """Set or clear the chat's mark as unread: here at once, at Telegram by a command. It says nothing of messages."""
    sight.require(user, chat, Role.OPERATOR)
    with transaction.atomic():
        chat = events.lock(chat.pk)
        if chat.unread_mark != unread:
            _mark(chat, user, unread=unread)


def _unmark(chat: Chat, user: User) -> None:
    """What is read is no longer marked, as in Telegram's own apps."""
    if chat.unread_mark:
        _mark(chat, user, unread=False)


def _mark(chat: Chat, user: User, *, unread: bool) -> None:
    chat.unread_mark = unread
    Chat.objects.filter(pk=chat.pk).update(unread_mark=unread, updated_at=Now())
    events.wake(chat.session_id)
    payload = {"chat": chat.pk, "peer_id": chat.peer_id, "unread": unread}
    _enqueue_once(chat, CommandKind.MARK, payload, user)


def typing(user: User, chat: Chat) -> None:
    """Show the other side that somebody here is typing; one that waits already is enough."""
    sight.require(user, chat, Role.OPERATOR)
    _refuse_official(chat)
    with transaction.atomic():
        _enqueue_once(chat, CommandKind.TYPING, {"peer_id": chat.peer_id, "action": "typing"}, user)


def fetch_history(user: User, chat: Chat, before_id: int) -> Command:
    """Ask Telegram for the messages below ``before_id`` (0: the newest); the same request that waits already is enough.

    Raises Forbidden, UserError when too much is asked for already.
    """
    sight.require(user, chat, Role.VIEWER)
    lane = SPECS[CommandKind.HISTORY].lane.of(chat.peer_id)
    payload = {"peer_id": chat.peer_id, "before_id": before_id, "limit": HISTORY_LIMIT}
    with transaction.atomic():
        events.lock(chat.pk)
        of_chat = Command.objects.filter(session_id=chat.session_id, lane=lane, state__in=commands.OPEN)
        if (waiting := of_chat.filter(payload=payload).first()) is not None:
            commands.take_over(of_chat.filter(pk=waiting.pk), user)
            return waiting
        if of_chat.filter(state=Command.State.QUEUED).exists():
            raise UserError(
                "HISTORY_WAITS", "Messages of this chat are being fetched already: wait until they are here."
            )
        of_user = Command.objects.filter(kind=CommandKind.HISTORY, state__in=commands.OPEN, created_by=user)
        if of_user.count() >= HISTORY_WAITING:
            raise UserError(
                "HISTORY_WAITS", "You have asked for older messages of many chats: wait until some are here."
            )
        return _enqueue(chat, CommandKind.HISTORY, payload, user)


def _same(first: Message, chat: Chat, user: User) -> Message:
    if first.chat_id != chat.pk or first.staff_id != user.pk:
        raise UserError("CID_TAKEN", "This message was already sent elsewhere.")
    return first


def _refuse_official(chat: Chat) -> None:
    if is_official(chat.peer_id):
        raise UserError("TELEGRAM_CHAT", "Telegram itself writes in this chat, and reads no answers: nothing was sent.")


def _require_writable(chat: Chat, session: Session) -> None:
    _refuse_official(chat)
    status = SessionStatus(session.status) if session.enabled else SessionStatus.DISABLED
    if (why := _NEEDS_STAFF.get(status)) is not None:
        raise UserError(*why)
    if not chat.may_write(timezone.now()):
        raise UserError("CHAT_WRITE_FORBIDDEN", "This account may not write in this chat.")


def _create(user: User, chat: Chat, text: str, cid: UUID, reply_to_id: int | None, spans: Sequence[Entity]) -> Message:
    return Message.objects.create(
        chat=chat,
        session_id=chat.session_id,
        box=box_of(chat.peer_id),
        random_id=_random_id(),
        cid=cid,
        state=Message.State.SENDING,
        out=True,
        sender_id=chat.session.telegram_user_id,
        staff=user,
        date=timezone.now(),
        text=text,
        entities=as_json(spans),
        reply_to_id=reply_to_id,
    )


def _random_id() -> int:
    """Telegram's random_id: a signed 64-bit number, never 0."""
    return secrets.randbelow(2**63 - 1) + 1


def _locked(message: Message) -> Message:
    """The row as it is now; the chat's lock keeps it so."""
    try:
        return Message.objects.select_for_update().get(pk=message.pk)
    except Message.DoesNotExist:
        raise UserError("GONE", "This message is gone: a colleague removed it.") from None


def _enqueue_send(chat: Chat, message: Message, user: User) -> None:
    _enqueue(chat, CommandKind.SEND, {"message": message.pk}, user)
    events.append(chat, EventKind.MESSAGE, message_id=message.pk)


def _enqueue_once(chat: Chat, kind: CommandKind, payload: Mapping[str, object], user: User) -> None:
    """Replace the payload of a command of this kind's lane that still waits, whosever it was, else queue one."""
    waiting = Command.objects.filter(session_id=chat.session_id, lane=SPECS[kind].lane.of(chat.peer_id))
    if not commands.take_over(waiting, user, payload=payload):
        _enqueue(chat, kind, payload, user)


def _enqueue(chat: Chat, kind: CommandKind, payload: Mapping[str, object], user: User) -> Command:
    """Raises UserError (TOO_MANY_WAITING)."""
    return commands.enqueue(chat.session_id, kind, payload, about=chat.peer_id, user=user)


def _cancel_send(message: Message) -> bool:
    queued = Command.objects.filter(
        session_id=message.session_id,
        kind=CommandKind.SEND,
        state=Command.State.QUEUED,
        payload={"message": message.pk},
    ).first()
    return queued is not None and commands.cancel(queued)


def _show_in_list(chat: Chat, message: Message, names: Mapping[int, str] | None = None) -> None:
    """``names``: of the people in it by their ids; our own side has none."""
    known = names or {}
    last = Last(
        covered(message.text, from_json(message.entities)),
        message.media,
        message.service,
        message.out,
        known.get(message.sender_id or 0, ""),
        message.sender_id,
        known,
        is_channel=chat.kind == PeerKind.CHANNEL,
    )
    text, sender, out = last.shown()
    Chat.objects.filter(pk=chat.pk).update(
        last_message_at=message.date,
        last_message_text=text,
        last_message_sender=sender,
        last_message_out=out,
        updated_at=Now(),
    )


def _refresh_preview(chat: Chat) -> None:
    """After a message that never went out is gone, the list shows the last one that did."""
    listed = sight.shown_messages(Message.objects.filter(chat=chat), whole=is_official(chat.peer_id))
    last = listed.filter(deleted_at=None).order_by("-date", "-pk").first()
    if last is None:
        return
    ids = [last.sender_id or 0, *people_in(last.service)]
    people = Peer.objects.filter(session_id=chat.session_id, is_self=False, peer_id__in=ids)
    _show_in_list(chat, last, dict(people.values_list("peer_id", "name")))
