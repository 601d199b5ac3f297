"""The chat list, of one account or over several: newest first, what is unread the oldest first; in pages by key,
filtered by tab and by words of the title.

One statement makes rows of it, whoever asks: pages through Django's connection, the hub's looks through its own.
``whole``: with what is for managers only (apps.chats.sight).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from apps.chats.columns.chats import CHAT_TABLE
from apps.chats.models.chat import writable
from apps.chats.payloads import ChatListPage, ChatRow
from apps.chats.sight import OFFICIAL_IDS
from tgadmin.core.official import is_official
from tgadmin.core.types import FOR_EVER

PAGE = 100
TABS = {
    "all": "TRUE",
    "unread": "(c.unread_count > 0 OR c.unread_mark)",
    "groups": "c.kind IN ('group', 'supergroup')",
    "channels": "c.kind = 'channel'",
    "failed": """EXISTS (SELECT FROM telegram_messages f
        WHERE f.chat_id = c.id AND f.telegram_id IS NULL AND f.out AND f.state = 'failed')""",
}
SHOWN = "c.migrated_to IS NULL"
"""A group that has become a supergroup is in no list any more."""
OLDEST_FIRST = frozenset({"unread"})
"""Tabs of what has to be worked off."""
Cursor = tuple[datetime, int]
Seen = Mapping[int, bool]
"""Accounts by row id, and whether what is for managers only is shown of each."""


def page(seen: Seen, *, tab: str = "all", query: str = "", after: Cursor | None = None) -> ChatListPage:
    """The rows of these accounts, and the cursor "<time>,<id>" of what follows. One query: of each account as many rows
    as a page has are read by key, whatever their number."""
    if not seen:
        return {"chats": [], "more": None}
    statement, values = _statement(tab, query, after)
    values |= {"sessions": list(seen), "whole": list(seen.values()), "limit": PAGE + 1}
    with connection.cursor() as found:
        found.execute(statement, values)
        rows = [Row(*one) for one in found.fetchall()]
    now, last = timezone.now(), rows[PAGE - 1] if len(rows) > PAGE else None
    more = f"{last.last_message_at.isoformat()},{last.id}" if last else None
    return {"chats": [payload(row, now) for row in rows[:PAGE]], "more": more}


def _statement(tab: str, query: str, after: Cursor | None) -> tuple[str, dict[str, Any]]:
    """The words are parameters; everything else is one of a few constant texts."""
    order, beyond = ("ASC", ">") if tab in OLDEST_FIRST else ("DESC", "<")
    wanted, values = [SHOWN, TABS[tab]], dict[str, Any]()
    for number, word in enumerate(query.split()):
        name = f"word{number}"
        wanted.append(f"(upper(c.title) LIKE upper(%({name})s) OR upper(c.username) LIKE upper(%({name})s))")
        values[name] = f"%{connection.ops.prep_for_like_query(word)}%"
    if after is not None:
        wanted.append(f"(c.last_message_at, c.id) {beyond} (%(at)s, %(id)s)")
        values["at"], values["id"] = after
    return PAGES.format(order=order, wanted=" AND ".join(wanted)), values


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


IS_ONLINE = "p.is_online AND (p.online_until IS NULL OR p.online_until > now())"
"""Of a peer ``p``, as Peer.is_online_at."""

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
            AND """
        + IS_ONLINE
        + ")",
        "continued_in": """
    CASE WHEN c.migrated_to IS NOT NULL THEN (SELECT n.id FROM telegram_chats n
        WHERE n.session_id = c.session_id AND n.peer_id = c.migrated_to) END""",
        "continues": """
    CASE WHEN c.kind = 'supergroup' THEN (SELECT o.id FROM telegram_chats o
        WHERE o.session_id = c.session_id AND o.migrated_to = c.peer_id LIMIT 1) END""",
    },
)

PAGES = f"""
SELECT {COLUMNS}
FROM (
    SELECT k.id, k.last_message_at FROM unnest(%(sessions)s::bigint[], %(whole)s::boolean[]) s(id, whole)
    CROSS JOIN LATERAL (
        SELECT c.id, c.last_message_at FROM telegram_chats c
        WHERE c.session_id = s.id AND (s.whole OR c.peer_id NOT IN ({OFFICIAL_IDS})) AND {{wanted}}
        ORDER BY c.last_message_at {{order}}, c.id {{order}} LIMIT %(limit)s
    ) k
    ORDER BY k.last_message_at {{order}}, k.id {{order}} LIMIT %(limit)s
) k
JOIN telegram_chats c ON c.id = k.id
ORDER BY k.last_message_at {{order}}, k.id {{order}}
"""  # noqa: S608

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
