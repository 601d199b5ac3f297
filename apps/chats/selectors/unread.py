"""How much is unread, account by account: from an index of what is unread alone, however many chats there are.

Chats whose notifications are off are counted apart, as Telegram's own apps do; a chat that is marked as unread by hand
counts as a chat and adds no message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db import connection

from apps.chats.payloads import AccountUnread
from apps.chats.sight import OFFICIAL_IDS


class Unread(NamedTuple):
    """Chats with something unread, and their unread messages; those of muted chats apart."""

    chats: int = 0
    messages: int = 0
    muted_chats: int = 0
    muted_messages: int = 0

    @property
    def all_chats(self) -> int:
        return self.chats + self.muted_chats


class Counted(NamedTuple):
    """Of one account: for its managers, and for who does not see what is for managers only."""

    whole: Unread = Unread()
    shown: Unread = Unread()

    def of(self, *, whole: bool) -> Unread:
        return self.whole if whole else self.shown


def _sums(condition: str) -> str:
    return ", ".join(
        f"count(*) FILTER (WHERE {muted} AND {condition}), "
        f"coalesce(sum(u.unread_count) FILTER (WHERE {muted} AND {condition}), 0)::bigint"
        for muted in ("NOT u.muted", "u.muted")
    )


COUNTS = f"""
SELECT k.id, {_sums("TRUE")}, {_sums("u.is_shown")}
FROM unnest(%s::bigint[], %s::boolean[]) k(id, always)
CROSS JOIN LATERAL (
    SELECT c.unread_count, coalesce(c.muted_until > now(), FALSE) AS muted,
        c.peer_id NOT IN ({OFFICIAL_IDS}) AS is_shown
    FROM telegram_chats c WHERE c.session_id = k.id AND (c.unread_count > 0 OR c.unread_mark)
    UNION ALL SELECT NULL, NULL, NULL
) u
WHERE k.always OR EXISTS (SELECT FROM telegram_chats c
    WHERE c.session_id = k.id AND c.updated_at > statement_timestamp() - make_interval(secs => %s))
GROUP BY k.id
"""  # noqa: S608
"""Of those accounts that are to be counted whatever happened, and of those whose chats were written within the last
seconds; the others are absent. The empty row says that an account has nothing unread."""


def counts(session_ids: Iterable[int]) -> dict[int, Counted]:
    """Of each of these accounts. One query."""
    return changed_counts(dict.fromkeys(session_ids, True), 0.0)


def changed_counts(accounts: Mapping[int, bool], seconds: float) -> dict[int, Counted]:
    """Of the accounts (row id: whether to count it whatever happened) whose chats were written within the last
    ``seconds``. One query."""
    if not accounts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [list(accounts), list(accounts.values()), seconds])
        return counted(cursor.fetchall())


def counted(rows: Iterable[Sequence[int]]) -> dict[int, Counted]:
    """What COUNTS gave, by account."""
    return {pk: Counted(Unread(*numbers[:4]), Unread(*numbers[4:])) for pk, *numbers in rows}


def payload(session_id: int, unread: Unread) -> AccountUnread:
    return {
        "session": session_id,
        "chats": unread.chats,
        "messages": unread.messages,
        "muted_chats": unread.muted_chats,
        "muted_messages": unread.muted_messages,
    }


def payloads(seen: Mapping[int, bool]) -> list[AccountUnread]:
    """Of the accounts that somebody sees (row id: whether with what is for managers only). One query."""
    found = counts(seen)
    return [payload(pk, found.get(pk, Counted()).of(whole=whole)) for pk, whole in seen.items()]
