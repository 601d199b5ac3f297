"""What became of what staff asked for: waiting, failed, refused; called by the gateway when it settles a command.

That a message was sent, and under which id, is written by the inbox alone (services.record).

Each runs inside the settle transaction, after the lease has been checked, and takes the chat's lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models.functions import Now

from apps.chats.event_kinds import EventKind
from apps.chats.models import Chat, Message
from apps.chats.payloads import Action
from apps.chats.services import events

SLOW_MODE = "SLOWMODE_WAIT"


def waiting(message_id: int, until: datetime, code: str) -> None:
    """Telegram told us to wait (flood wait, slow mode): the message goes out then."""
    locked = _lock(message_id)
    if locked is None:
        return
    chat, message = locked
    if message.state != Message.State.SENDING:
        return
    message.waits_until = until
    message.error_code = code
    message.save(update_fields=("waits_until", "error_code"))
    if code == SLOW_MODE:
        Chat.objects.filter(pk=chat.pk).update(slow_until=until)
    events.append(chat, EventKind.STATE, message_id=message.pk)


def failed(message_id: int, code: str, reason: str = "") -> None:
    """The message was refused for good, by Telegram or here: staff may change things and retry. ``reason``: in words of
    its own."""
    locked = _lock(message_id)
    if locked is None:
        return
    chat, message = locked
    if message.state != Message.State.SENDING:
        return
    message.state = Message.State.FAILED
    message.error_code, message.error_message = code, reason[:255]
    message.waits_until = None
    message.save(update_fields=("state", "error_code", "error_message", "waits_until"))
    events.append(chat, EventKind.STATE, message_id=message.pk)


def refused(message_ids: Iterable[int], action: Action, code: str, reason: str = "") -> None:
    """``action`` was refused to these messages of one chat, by Telegram or here; they stay as they were."""
    data = {"action": action, "code": code} | ({"message": reason} if reason else {})
    for message_id in message_ids:
        locked = _lock(message_id)
        if locked is not None:
            events.append(locked[0], EventKind.STATE, message_id=message_id, data=data)


def not_marked(chat_id: int, *, unread: bool) -> None:
    """Setting (or clearing: ``unread`` is False) the mark of a chat was refused: it is again as it was before."""
    chat = Chat.objects.filter(pk=chat_id, unread_mark=unread)
    for session_id in list(chat.values_list("session_id", flat=True)):
        chat.update(unread_mark=not unread, updated_at=Now())
        events.wake(session_id)


def _lock(message_id: int) -> tuple[Chat, Message] | None:
    """The message under its chat's lock; None when staff discarded it meanwhile."""
    chat_id = Message.objects.filter(pk=message_id).values_list("chat_id", flat=True).first()
    if chat_id is None:
        return None
    chat = events.lock(chat_id)
    message = Message.objects.filter(pk=message_id).first()
    return None if message is None else (chat, message)
