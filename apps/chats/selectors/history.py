"""Pages of a chat's history, by key (Telegram's message id), and where the stored part ends.

``whole``: with what is for managers only (apps.chats.sight)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from apps.chats import sight
from apps.chats.models import Chat, Installation, Message
from apps.chats.selectors import messages

PAGE = 50


def epoch() -> UUID:
    """The epoch of event numbers; it changes when a database is restored."""
    return Installation.objects.get_or_create(pk=1)[0].epoch


def newest(chat: Chat, limit: int = PAGE, *, whole: bool) -> dict[str, Any]:
    """The latest page, with what waits to go out at its end.

    ``chat`` must have been read before this is called: the page's ``at`` is its ``last_event``, and what came later
    is replayed from there.
    """
    rows = _ids(_complete(chat, whole).order_by("-telegram_id"), limit + 1)
    return _page(chat, rows[:limit][::-1] + _pending(chat), stored=len(rows) > limit, newer=False, whole=whole)


def before(chat: Chat, telegram_id: int, limit: int = PAGE, *, whole: bool) -> dict[str, Any]:
    """The page of messages with ids below ``telegram_id``, no further down than everything is stored."""
    rows = _ids(_complete(chat, whole).filter(telegram_id__lt=telegram_id).order_by("-telegram_id"), limit + 1)
    return _page(chat, rows[:limit][::-1], stored=len(rows) > limit, newer=True, whole=whole)


def after(chat: Chat, telegram_id: int, limit: int = PAGE, *, whole: bool) -> dict[str, Any]:
    """The page of messages with ids above ``telegram_id``; with what waits when it reaches the newest."""
    rows = _ids(_sent(chat, whole).filter(telegram_id__gt=telegram_id).order_by("telegram_id"), limit + 1)
    newer = len(rows) > limit
    return _page(chat, rows[:limit] + ([] if newer else _pending(chat)), stored=True, newer=newer, whole=whole)


def around(chat: Chat, telegram_id: int, limit: int = PAGE, *, whole: bool) -> dict[str, Any]:
    """A page with ``telegram_id`` in its middle."""
    half = limit // 2
    up = _ids(_sent(chat, whole).filter(telegram_id__lte=telegram_id).order_by("-telegram_id"), half + 1)
    down = _ids(_sent(chat, whole).filter(telegram_id__gt=telegram_id).order_by("telegram_id"), half + 1)
    return _page(chat, up[:half][::-1] + down[:half], stored=len(up) > half, newer=len(down) > half, whole=whole)


def _ids(rows: QuerySet[Message], count: int) -> list[int]:
    return list(rows.values_list("pk", flat=True)[:count])


def _pending(chat: Chat) -> list[int]:
    """What waits to go out."""
    return list(Message.objects.filter(chat=chat, telegram_id=None).order_by("date", "pk").values_list("pk", flat=True))


def _sent(chat: Chat, whole: bool) -> QuerySet[Message]:
    sent = Message.objects.filter(chat=chat, telegram_id__isnull=False)
    return sight.shown_messages(sent, whole=whole)


def _complete(chat: Chat, whole: bool) -> QuerySet[Message]:
    """The part of the history that is stored without holes, as far as that is known."""
    known = _sent(chat, whole)
    return known if chat.synced_from_id is None else known.filter(telegram_id__gte=chat.synced_from_id)


def _page(chat: Chat, rows: list[int], *, stored: bool, newer: bool, whole: bool) -> dict[str, Any]:
    """``older``: "stored" (more is stored), "telegram" (ask there, below ``ask_before``), "start" (that is all)."""
    older = "stored" if stored else "start" if chat.history_complete else "telegram"
    return {
        "chat": chat.pk,
        "at": chat.last_event,
        "epoch": str(epoch()),
        "messages": messages.payloads(rows, whole=whole),
        "older": older,
        "ask_before": chat.synced_from_id or 0,
        "newer": newer,
    }
