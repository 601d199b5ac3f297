"""The chat list: newest first, in pages by key, filtered by tab and by words of the title.

One statement makes rows of it, whoever asks: pages through Django's connection, the hub's looks through its own.
``whole``: with what is for managers only (apps.chats.sight).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from apps.chats import sight
from apps.chats.columns.chats import CHAT_TABLE
from apps.chats.models import Chat
from apps.chats.models.chat import writable
from apps.chats.payloads import ChatListPage, ChatRow
from tgadmin.core.official import is_official
from tgadmin.core.types import FOR_EVER

PAGE = 100
TABS = {
    "all": Q(),
    "unread": Q(unread_count__gt=0) | Q(unread_mark=True),
    "groups": Q(kind__in=("group", "supergroup")),
    "channels": Q(kind="channel"),
}
Cursor = tuple[datetime, int]


def page(
    session_id: int,
    *,
    whole: bool,
    tab: str = "all",
    query: str = "",
    after: Cursor | None = None,
    limit: int = PAGE,
) -> ChatListPage:
    """The rows, and the cursor "<time>,<id>" of what follows. Two queries."""
    shown = sight.shown_chats(Chat.objects.filter(session_id=session_id), whole=whole)
    chats = shown.filter(TABS[tab], migrated_to=None).order_by("-last_message_at", "-id")
    for word in query.split():
        chats = chats.filter(Q(title__icontains=word) | Q(username__icontains=word))
    if after is not None:
        at, chat_id = after
        chats = chats.filter(Q(last_message_at__lt=at) | Q(last_message_at=at, pk__lt=chat_id))
    found = list(chats.values_list("pk", "last_message_at")[: limit + 1])
    more = f"{found[limit - 1][1].isoformat()},{found[limit - 1][0]}" if len(found) > limit else None
    return {"chats": payloads(chat_id for chat_id, _ in found[:limit]), "more": more}


def cursor(text: str) -> Cursor:
    """The cursor that ``page`` gave. Raises ValueError; OverflowError for a time beyond the calendar."""
    at, _, chat_id = text.rpartition(",")
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        raise ValueError("a cursor's time has a zone")
    return moment.astimezone(UTC), int(chat_id)


class Row(NamedTuple):
    """A chat with everything that the list shows of it: columns of the table by their names, and what COLUMNS computes.
    Two that are equal look the same. ``waiting``: how many messages are to go out, and how many could not.
    ``continued_in``, ``continues``: the chat of the supergroup that the group has become, and the other way round."""

    id: int
    session_id: int
    peer_id: int
    kind: str
    title: str
    username: str
    members_count: int | None
    can_send: bool
    left: bool
    is_admin: bool
    members_may_write: bool
    restricted_until: datetime | None
    last_message_at: datetime
    last_message_id: int | None
    last_message_text: str
    last_message_sender: str
    last_message_out: bool
    unread_count: int
    read_inbox_max_id: int
    read_outbox_max_id: int
    unread_mark: bool
    muted_until: datetime | None
    pinned: bool
    slow_until: datetime | None
    last_event: int
    updated_at: datetime
    waiting: list[int]
    online: bool
    continued_in: int | None
    continues: int | None

    @property
    def is_official(self) -> bool:
        return is_official(self.peer_id)

    def may_write(self, now: datetime) -> bool:
        """As Chat.may_write."""
        return not self.is_official and writable(self, now)


COLUMNS = CHAT_TABLE.select(
    Row._fields,
    "c",
    {
        "waiting": """
    (SELECT ARRAY[count(*) FILTER (WHERE w.state = 'sending'), count(*) FILTER (WHERE w.state = 'failed')]
        FROM telegram_messages w WHERE w.chat_id = c.id AND w.telegram_id IS NULL AND w.out)""",
        "online": """
    c.kind = 'user' AND EXISTS (SELECT FROM telegram_peers p
        WHERE p.session_id = c.session_id AND p.peer_id = c.peer_id
            AND p.is_online AND (p.online_until IS NULL OR p.online_until > now()))""",
        "continued_in": """
    CASE WHEN c.migrated_to IS NOT NULL THEN (SELECT n.id FROM telegram_chats n
        WHERE n.session_id = c.session_id AND n.peer_id = c.migrated_to) END""",
        "continues": """
    CASE WHEN c.kind = 'supergroup' THEN (SELECT o.id FROM telegram_chats o
        WHERE o.session_id = c.session_id AND o.migrated_to = c.peer_id LIMIT 1) END""",
    },
)

ROWS = f"""
SELECT {COLUMNS} FROM unnest(%s::bigint[]) WITH ORDINALITY k(id, place) JOIN telegram_chats c ON c.id = k.id
ORDER BY k.place
"""  # noqa: S608


def payloads(chat_ids: Iterable[int]) -> list[ChatRow]:
    """The chats with these row ids as list rows, in that order. One query, whatever sessions they are of."""
    asked = list(chat_ids)
    if not asked:
        return []
    with connection.cursor() as found:
        found.execute(ROWS, [asked])
        now = timezone.now()
        return [payload(Row(*values), now) for values in found.fetchall()]


def payload(row: Row, now: datetime) -> ChatRow:
    sending, failed = row.waiting
    return {
        "id": row.id,
        "session": row.session_id,
        "peer": row.peer_id,
        "kind": row.kind,
        "title": row.title or str(row.peer_id),
        "username": row.username,
        "members": row.members_count,
        "can_send": row.may_write(now),
        "official": row.is_official,
        "left": row.left,
        "continued_in": row.continued_in,
        "continues": row.continues,
        "last": {
            "at": row.last_message_at.isoformat(),
            "tid": row.last_message_id,
            "text": row.last_message_text,
            "sender": row.last_message_sender,
            "out": row.last_message_out,
        },
        "pending": "failed" if failed else "sending" if sending else None,
        "waiting": {"sending": sending, "failed": failed},
        "unread": row.unread_count,
        "marked": row.unread_mark,
        "read_inbox": row.read_inbox_max_id,
        "read_outbox": row.read_outbox_max_id,
        "muted": row.muted_until is not None and row.muted_until > now,
        "pinned": row.pinned,
        "online": row.online,
        "restricted_until": _later(row.restricted_until, now),
        "slow_until": _later(row.slow_until, now),
        "at": row.last_event,
    }


def _later(moment: datetime | None, now: datetime) -> str | None:
    return moment.isoformat() if moment is not None and now < moment < FOR_EVER else None


def unread_chats(session_ids: Iterable[int], *, whole: bool) -> dict[int, int]:
    """How many chats of each session have unread messages; those with none are absent. One query."""
    shown = sight.shown_chats(Chat.objects.filter(session_id__in=list(session_ids)), whole=whole)
    unread = shown.filter(TABS["unread"]).order_by()
    return dict(unread.values_list("session_id").annotate(Count("pk")))
