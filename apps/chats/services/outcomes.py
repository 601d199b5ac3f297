"""What became of staff's wishes at Telegram: sent, waiting, failed, refused; called by the gateway when it settles.

Each runs inside the settle transaction, after the lease has been checked, and takes the chat's lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from apps.chats.columns.messages import MESSAGE_TABLE
from apps.chats.event_kinds import EventKind
from apps.chats.models import Chat, Message, MessageSecret
from apps.chats.payloads import Action
from apps.chats.services import events
from tgadmin.core.official import is_official
from tgadmin.core.preview import preview

SLOW_MODE = "SLOWMODE_WAIT"


def sent(message_id: int, telegram_id: int | None) -> None:
    """Telegram has the message, under ``telegram_id`` (None: the id comes with the update, which then says it)."""
    locked = _lock(message_id)
    if locked is None or telegram_id is None:
        return
    chat, message = locked
    if message.telegram_id is not None and message.state == Message.State.SENT:
        return
    _absorb_arrived(chat, message, telegram_id)
    message.telegram_id = telegram_id
    message.state = Message.State.SENT
    message.error_code = message.error_message = ""
    message.waits_until = None
    message.save()
    _show_as_last(chat, message)
    events.append(chat, EventKind.STATE, message_id=message.pk)


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


def _lock(message_id: int) -> tuple[Chat, Message] | None:
    """The message under its chat's lock; None when staff discarded it meanwhile."""
    chat_id = Message.objects.filter(pk=message_id).values_list("chat_id", flat=True).first()
    if chat_id is None:
        return None
    chat = events.lock(chat_id)
    message = Message.objects.filter(pk=message_id).first()
    return None if message is None else (chat, message)


def _absorb_arrived(chat: Chat, message: Message, telegram_id: int) -> None:
    """The same message may have arrived as an update that did not say its random_id: two rows become one, ours."""
    twin = (
        Message.objects.filter(session_id=message.session_id, box=message.box, telegram_id=telegram_id)
        .exclude(pk=message.pk)
        .first()
    )
    if twin is None:
        return
    for name in MESSAGE_TABLE.arrived:
        setattr(message, name, getattr(twin, name))
    _move_secret(twin, message)
    twin_id = twin.pk
    twin.delete()
    events.append(chat, EventKind.DELETE, message_id=twin_id)


def _move_secret(twin: Message, message: Message) -> None:
    """What was masked is encrypted for its own message: it is read, and written again for the other."""
    if twin.managers_only and (kept := MessageSecret.objects.filter(message=twin).first()) is not None:
        MessageSecret.objects.update_or_create(message=message, defaults={"secret": kept.secret})


def _show_as_last(chat: Chat, message: Message) -> None:
    """The chat list's last message, unless something newer is there, or it is not for all who see the list."""
    if message.managers_only and not is_official(chat.peer_id):
        return
    Chat.objects.filter(Q(last_message_id=None) | Q(last_message_id__lt=message.telegram_id), pk=chat.pk).update(
        last_message_id=message.telegram_id,
        last_message_at=message.date,
        last_message_text=preview(message.text, message.media),
        last_message_sender="",
        last_message_out=True,
    )
