"""Pages of a chat's history, by key (Telegram's message id), and where the stored part ends.

``whole``: with what is for managers only (apps.chats.sight)."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db.models import Case, QuerySet, When

from apps.chats import sight
from apps.chats.models import Chat, Installation, Message
from apps.chats.payloads import HistoryPage, Older
from apps.chats.payloads import Message as Shown
from apps.chats.selectors import messages
from tgadmin.core.official import is_official

PAGE = 50
PENDING = 50
"""Messages that wait to go out, or could not, on a page at most. The chat's row says how many there are in all."""
MOST_BYTES = 4 * 1024 * 1024
"""Of messages on a page, in JSON's escapes; it has one at least. Pages of long texts are smaller by far: what has no
room here is hostile, and on the next page."""


def epoch() -> UUID:
    """The epoch of event numbers; it changes when a database is restored."""
    known: UUID | None = Installation.objects.values_list("epoch", flat=True).first()
    return known or Installation.objects.get_or_create(pk=1)[0].epoch


def newest(chat: Chat, limit: int = PAGE, *, whole: bool) -> HistoryPage:
    """The latest page, with what waits to go out at its end.

    ``chat`` must have been read before this is called: the page's ``at`` is its ``last_event``, and what came later
    is replayed from there.
    """
    rows = _ids(_complete(chat, whole).order_by("-telegram_id"), limit + 1)
    return _page(chat, rows[:limit][::-1], _pending(chat), stored=len(rows) > limit, newer=False, whole=whole)


def before(chat: Chat, telegram_id: int, limit: int = PAGE, *, whole: bool) -> HistoryPage:
    """The page of messages with ids below ``telegram_id``, no further down than everything is stored."""
    rows = _ids(_complete(chat, whole).filter(telegram_id__lt=telegram_id).order_by("-telegram_id"), limit + 1)
    return _page(chat, rows[:limit][::-1], stored=len(rows) > limit, newer=True, whole=whole)


def after(chat: Chat, telegram_id: int, limit: int = PAGE, *, whole: bool) -> HistoryPage:
    """The page of messages with ids above ``telegram_id``; with what waits when it reaches the newest."""
    rows = _ids(_sent(chat, whole).filter(telegram_id__gt=telegram_id).order_by("telegram_id"), limit + 1)
    newer = len(rows) > limit
    return _page(chat, rows[:limit], [] if newer else _pending(chat), stored=True, newer=newer, down=True, whole=whole)


def around(chat: Chat, telegram_id: int, limit: int = PAGE, *, whole: bool) -> HistoryPage:
    """A page with ``telegram_id`` in its middle."""
    half = limit // 2
    up = _ids(_sent(chat, whole).filter(telegram_id__lte=telegram_id).order_by("-telegram_id"), half + 1)
    down = _ids(_sent(chat, whole).filter(telegram_id__gt=telegram_id).order_by("telegram_id"), half + 1)
    above, below = messages.payloads(up[:half], whole=whole), messages.payloads(down[:half], whole=whole)
    kept_above, kept_below = _fitting(above, MOST_BYTES // 2), _fitting(below, MOST_BYTES // 2)
    stored, newer = len(up) > half or len(kept_above) < len(above), len(down) > half or len(kept_below) < len(below)
    return _made(chat, kept_above[::-1] + kept_below, stored=stored, newer=newer)


def _ids(rows: QuerySet[Message], count: int) -> list[int]:
    return list(rows.values_list("pk", flat=True)[:count])


def _pending(chat: Chat) -> list[int]:
    """What waits to go out and what could not be sent, in the order of writing. PENDING of them: those that could not
    before others, since somebody has to do something about them; newer ones before older ones, which go out first."""
    waiting = Message.objects.filter(chat=chat, telegram_id=None, out=True)
    chosen = waiting.order_by(Case(When(state=Message.State.FAILED, then=0), default=1), "-date", "-pk")[:PENDING]
    return [pk for _, pk in sorted(chosen.values_list("date", "pk"))]


def _sent(chat: Chat, whole: bool) -> QuerySet[Message]:
    sent = Message.objects.filter(chat=chat, telegram_id__isnull=False)
    return sight.shown_messages(sent, whole=whole)


def _complete(chat: Chat, whole: bool) -> QuerySet[Message]:
    """The part of the history that is stored without holes, as far as that is known."""
    known = _sent(chat, whole)
    return known if chat.synced_from_id is None else known.filter(telegram_id__gte=chat.synced_from_id)


def _page(
    chat: Chat,
    sent: list[int],
    pending: list[int] | None = None,
    *,
    stored: bool,
    newer: bool,
    whole: bool,
    down: bool = False,
) -> HistoryPage:
    """``sent`` and ``pending`` are in order; ``down``: what has no room is at ``sent``'s end, else at its beginning."""
    waiting = messages.payloads(pending or [], whole=whole)
    found = messages.payloads(sent, whole=whole)
    kept = _fitting(found if down else found[::-1], MOST_BYTES - _weight(waiting))
    if len(kept) < len(found):
        stored, newer = (stored, True) if down else (True, newer)
    if newer:
        waiting = []
    shown = kept if down else kept[::-1]
    notices = _notices(chat, shown, stored=stored, newer=newer, whole=whole)
    return _made(chat, shown + notices + waiting, stored=stored, newer=newer)


def _notices(chat: Chat, shown: list[Shown], *, stored: bool, newer: bool, whole: bool) -> list[Shown]:
    """What Telegram told by itself within the time of the page: it has no ids by which pages could go. (Pages put it
    where its time is; one that two pages bring is shown once.)"""
    if not is_official(chat.peer_id):
        return []
    found = Message.objects.filter(chat=chat, telegram_id=None, out=False).order_by("date", "pk")
    dates = [message["date"] for message in shown]
    if dates and (stored or not chat.history_complete):
        found = found.filter(date__gte=dates[0])
    if dates and newer:
        found = found.filter(date__lte=dates[-1])
    return messages.payloads(found.values_list("pk", flat=True)[:PAGE], whole=whole)


def _made(chat: Chat, shown: list[Shown], *, stored: bool, newer: bool) -> HistoryPage:
    """``older``: "stored" (more is stored), "telegram" (ask there, below ``ask_before``), "start" (that is all)."""
    older: Older = "stored" if stored else "start" if chat.history_complete else "telegram"
    return {
        "chat": chat.pk,
        "at": chat.last_event,
        "epoch": str(epoch()),
        "messages": shown,
        "older": older,
        "ask_before": chat.synced_from_id or 0,
        "newer": newer,
    }


def _fitting(shown: list[Shown], room: int) -> list[Shown]:
    """The first of them, one at least, that take so many bytes."""
    for number, message in enumerate(shown):
        room -= _weight(message)
        if room < 0 and number > 0:
            return shown[:number]
    return shown


def _weight(payload: Any) -> int:
    return len(json.dumps(payload))
