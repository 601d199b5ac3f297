"""The chat list: newest first, in pages by key, filtered by tab and by words of the title."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from apps.chats.models import Chat, Message, Peer

PAGE = 100
TABS = {
    "all": Q(),
    "unread": Q(unread_count__gt=0),
    "groups": Q(kind__in=("group", "supergroup")),
    "channels": Q(kind="channel"),
}
Cursor = tuple[datetime, int]


def page(
    session_id: int, *, tab: str = "all", query: str = "", after: Cursor | None = None, limit: int = PAGE
) -> dict[str, Any]:
    """``{"chats": [...], "more": "<time>,<id>" or None}``. Three queries."""
    chats = Chat.objects.filter(TABS[tab], session_id=session_id).order_by("-last_message_at", "-id")
    for word in query.split():
        chats = chats.filter(Q(title__icontains=word) | Q(username__icontains=word))
    if after is not None:
        at, chat_id = after
        chats = chats.filter(Q(last_message_at__lt=at) | Q(last_message_at=at, pk__lt=chat_id))
    rows = list(chats[: limit + 1])
    more = f"{rows[limit - 1].last_message_at.isoformat()},{rows[limit - 1].pk}" if len(rows) > limit else None
    return {"chats": payloads(rows[:limit]), "more": more}


def cursor(text: str) -> Cursor:
    """The cursor that ``page`` gave. Raises ValueError."""
    at, _, chat_id = text.rpartition(",")
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        raise ValueError("a cursor's time has a zone")
    return moment, int(chat_id)


def payloads(chats: Iterable[Chat]) -> list[dict[str, Any]]:
    """The chats as list rows, in order. Two queries for any number of chats of any sessions."""
    rows = list(chats)
    pending = _pending([chat.pk for chat in rows])
    online = _online(rows)
    now = timezone.now()
    return [_row(chat, pending.get(chat.pk), (chat.session_id, chat.peer_id) in online, now) for chat in rows]


def _row(chat: Chat, pending: str | None, online: bool, now: datetime) -> dict[str, Any]:
    return {
        "id": chat.pk,
        "session": chat.session_id,
        "peer": chat.peer_id,
        "kind": chat.kind,
        "title": chat.title or str(chat.peer_id),
        "username": chat.username,
        "members": chat.members_count,
        "can_send": chat.can_send and not chat.left,
        "left": chat.left,
        "last": {
            "at": chat.last_message_at.isoformat(),
            "tid": chat.last_message_id,
            "text": chat.last_message_text,
            "sender": chat.last_message_sender,
            "out": chat.last_message_out,
        },
        "pending": pending,
        "unread": chat.unread_count,
        "read_inbox": chat.read_inbox_max_id,
        "read_outbox": chat.read_outbox_max_id,
        "muted": chat.muted_until is not None and chat.muted_until > now,
        "pinned": chat.pinned,
        "online": online,
        "slow_until": chat.slow_until.isoformat() if chat.slow_until and chat.slow_until > now else None,
        "at": chat.last_event,
    }


def _pending(chat_ids: list[int]) -> dict[int, str]:
    """Chats with messages that are not out: "failed" when one failed, else "sending"."""
    states: dict[int, set[str]] = defaultdict(set)
    waiting = Message.objects.filter(chat_id__in=chat_ids, telegram_id=None, out=True)
    for chat_id, state in waiting.values_list("chat_id", "state").distinct():
        states[chat_id].add(state)
    return {
        chat_id: "failed" if Message.State.FAILED in found else "sending"
        for chat_id, found in states.items()
        if found & {Message.State.FAILED, Message.State.SENDING}
    }


def _online(chats: list[Chat]) -> set[tuple[int, int]]:
    people = [chat.peer_id for chat in chats if chat.kind == "user"]
    sessions = {chat.session_id for chat in chats}
    found = Peer.objects.filter(session_id__in=sessions, peer_id__in=people, is_online=True)
    return set(found.values_list("session_id", "peer_id"))


def unread_chats(session_ids: Iterable[int]) -> dict[int, int]:
    """How many chats of each session have unread messages; those with none are absent. One query."""
    unread = Chat.objects.filter(session_id__in=list(session_ids), unread_count__gt=0).order_by()
    return dict(unread.values_list("session_id").annotate(Count("pk")))
