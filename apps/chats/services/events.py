"""Numbered events of a chat: appended under the chat's row lock, announced to the web processes on commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models.functions import Now

from apps.chats.event_kinds import EventKind
from apps.chats.models import Chat, Event
from apps.common.notify import EVENTS, notify


def append(chat: Chat, kind: EventKind, *, message_id: int | None = None, data: dict[str, Any] | None = None) -> Event:
    """Add the next event of ``chat``, whose row the caller has locked (``lock``) in the same transaction."""
    return append_many(chat, kind, [message_id], data=data)[0]


def append_many(
    chat: Chat, kind: EventKind, message_ids: Sequence[int | None], *, data: dict[str, Any] | None = None
) -> list[Event]:
    """One event per message id, in that order, with consecutive numbers; one INSERT, one UPDATE, one wake-up."""
    first = chat.last_event + 1
    created = Event.objects.bulk_create(
        Event(chat=chat, number=first + at, kind=kind, message_id=message_id, data=data)
        for at, message_id in enumerate(message_ids)
    )
    chat.last_event += len(created)
    # The database's clock: readers of changed chats compare updated_at with what gateways wrote.
    Chat.objects.filter(pk=chat.pk).update(last_event=chat.last_event, updated_at=Now())
    wake(chat.session_id)
    return created


def lock(chat_id: int) -> Chat:
    """The chat, its row locked until the transaction ends; raises Chat.DoesNotExist."""
    return Chat.objects.select_for_update(of=("self",)).select_related("session").get(pk=chat_id)


def wake(session_id: int) -> None:
    """Tell the web processes, on commit, that something of this session changed: a hint, nothing is lost without it."""
    notify(EVENTS, session_id)
