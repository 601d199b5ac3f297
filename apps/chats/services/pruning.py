"""Events that are no longer kept: older than EVENTS_KEPT_DAYS, or beyond the newest EVENTS_KEPT_PER_CHAT of their chat.

What goes is always the beginning of a chat's numbers, lowest first, so what is kept has no holes. A page that missed
more than is kept is given the newest messages instead (a reset).
"""

from __future__ import annotations

from django.conf import settings
from django.db import connection

BATCH = 10_000
"""Events that one transaction deletes."""

# One range of the index of (chat, number) per chat.
_BY_COUNT = """
DELETE FROM chat_events WHERE id IN (
    SELECT e.id FROM telegram_chats c
    CROSS JOIN LATERAL (
        SELECT id FROM chat_events WHERE chat_id = c.id AND number <= c.last_event - %(count)s ORDER BY number
        LIMIT %(batch)s
    ) e
    WHERE c.last_event > %(count)s LIMIT %(batch)s
)
"""
# By the highest number that is old: times need not grow with numbers, as a transaction's time is that of its beginning.
_BY_AGE = """
DELETE FROM chat_events WHERE id IN (
    SELECT e.id FROM (
        SELECT chat_id, max(number) AS number FROM chat_events
        WHERE at < now() - make_interval(days => %(days)s) GROUP BY chat_id
    ) old
    CROSS JOIN LATERAL (
        SELECT id FROM chat_events WHERE chat_id = old.chat_id AND number <= old.number ORDER BY number LIMIT %(batch)s
    ) e
    LIMIT %(batch)s
)
"""


_COUNT = """
SELECT count(*) FROM telegram_chats c JOIN chat_events e ON e.chat_id = c.id
LEFT JOIN (
    SELECT chat_id, max(number) AS number FROM chat_events
    WHERE at < now() - make_interval(days => %(days)s) GROUP BY chat_id
) old ON old.chat_id = c.id
WHERE e.number <= greatest(c.last_event - %(count)s, old.number)
"""


def count_events() -> int:
    """How many events ``prune_events`` would delete."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, _values())
        return int(cursor.fetchone()[0])


def prune_events() -> int:
    """Delete what is no longer kept, in batches of their own transactions. Returns how many events went."""
    values = _values()
    return _repeat(_BY_COUNT, values) + _repeat(_BY_AGE, values)


def _values() -> dict[str, int]:
    return {"count": settings.EVENTS_KEPT_PER_CHAT, "days": settings.EVENTS_KEPT_DAYS, "batch": BATCH}


def _repeat(statement: str, values: dict[str, int]) -> int:
    gone = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(statement, values)
            deleted: int = cursor.rowcount
            gone += deleted
            if deleted < BATCH:
                return gone
