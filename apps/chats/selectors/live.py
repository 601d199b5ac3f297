"""What changed, for the pages that are open: read once per wake-up for all of a web process's sockets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session as Login
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from apps.chats.models import Chat, Message
from apps.chats.selectors import history, lists, messages, sessions
from apps.sessions.models import Command, Role, Session
from apps.sessions.services import rights

BATCH = 100
"""Events of one chat that are read, and go into one frame, at a time."""


@dataclass(frozen=True, slots=True)
class EventRow:
    number: int
    kind: str
    message_id: int | None
    data: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Changes:
    """New events by chat with all that frames about them need. ``found`` holds messages by row id as they are now; one
    that is absent is gone. ``kept_from`` is the number from which on they are still kept. ``resets`` holds the newest
    page of chats that were reset, or whose events after a floor are kept no more. ``more``: a chat had further events
    than were read."""

    events: dict[int, list[EventRow]]
    kept_from: dict[int, int]
    found: dict[int, dict[str, Any]]
    rows: dict[int, dict[str, Any]]
    resets: dict[int, dict[str, Any]]
    more: bool


def changes(floors: Mapping[int, int]) -> Changes:
    """What happened in each chat after the event number that ``floors`` gives. Eight queries at most, and one page of
    messages for each chat that was reset. A chat of which nothing is kept any more is there with no events."""
    events, kept_from = _events(floors)
    ids = {event.message_id for rows in events.values() for event in rows if event.message_id is not None}
    chats = {chat.pk: chat for chat in Chat.objects.filter(pk__in=events)} if events else {}
    found = Message.objects.filter(pk__in=ids, chat_id__in=chats).select_related("staff", "chat") if ids else ()
    resets = {
        chat_id: history.newest(chats[chat_id])
        for chat_id, rows in events.items()
        if chat_id in chats
        and (kept_from[chat_id] > floors[chat_id] + 1 or any(event.kind == "reset" for event in rows))
    }
    return Changes(
        events={chat_id: rows for chat_id, rows in events.items() if chat_id in chats},
        kept_from=kept_from,
        found={payload["id"]: payload for payload in messages.payloads(found)},
        rows={row["id"]: row for row in lists.payloads(chats.values())} if chats else {},
        resets=resets,
        more=any(len(rows) == BATCH for rows in events.values()),
    )


def _events(floors: Mapping[int, int]) -> tuple[dict[int, list[EventRow]], dict[int, int]]:
    """At most BATCH events of each chat that has newer ones, in order, none skipped: what is kept has no holes. And the
    number from which on they are there, which is beyond the floor's next when older ones were pruned."""
    found: dict[int, list[EventRow]] = defaultdict(list)
    kept_from: dict[int, int] = {}
    if not floors:
        return found, kept_from
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.id, c.last_event, e.number, e.kind, e.message_id, e.data
            FROM unnest(%s::bigint[], %s::bigint[]) AS f(chat_id, number)
            JOIN telegram_chats c ON c.id = f.chat_id AND c.last_event > f.number
            LEFT JOIN LATERAL (
                SELECT number, kind, message_id, data FROM chat_events
                WHERE chat_id = f.chat_id AND number > f.number ORDER BY number LIMIT %s
            ) e ON TRUE
            ORDER BY c.id, e.number
            """,
            [list(floors.keys()), list(floors.values()), BATCH],
        )
        for chat_id, last_event, number, kind, message_id, data in cursor.fetchall():
            kept_from.setdefault(chat_id, last_event + 1 if number is None else number)
            rows = found[chat_id]
            if number is not None:
                rows.append(EventRow(number, kind, message_id, data))
    return found, kept_from


def oldest_event(chat_id: int) -> int | None:
    """The number of the oldest event that is still kept."""
    return Chat.objects.filter(pk=chat_id).values_list("events__number", flat=True).order_by("events__number").first()


def changed_rows(session_ids: Iterable[int], within: timedelta) -> dict[int, list[dict[str, Any]]]:
    """Rows of the chat list that were written ``within`` the last time, by session. Three queries.

    The time overlaps the look before, so that what committed late is seen; the reader drops what it has sent already.
    """
    chats = Chat.objects.filter(session_id__in=list(session_ids), updated_at__gt=Now() - within).order_by("pk")
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in lists.payloads(chats):
        found[row["session"]].append(row)
    return found


def online(session_ids: Iterable[int]) -> dict[int, set[int]]:
    """The chats with people who are online now, by session: their row ids. One query, from an index of those online."""
    ids = list(session_ids)
    found: dict[int, set[int]] = {session_id: set() for session_id in ids}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.session_id, c.id FROM telegram_peers p "
            "JOIN telegram_chats c ON c.session_id = p.session_id AND c.peer_id = p.peer_id AND c.kind = 'user' "
            "WHERE p.is_online AND p.session_id = ANY(%s)",
            [ids],
        )
        for session_id, chat_id in cursor.fetchall():
            found[session_id].add(chat_id)
    return found


def rows_of(chat_ids: Iterable[int]) -> list[dict[str, Any]]:
    """List rows of these chats. Three queries."""
    return lists.payloads(Chat.objects.filter(pk__in=list(chat_ids)).order_by("pk"))


def session_marks(session_ids: Iterable[int]) -> dict[int, tuple[Any, ...]]:
    """What tells whether a session's facts have changed, by id. Two queries."""
    ids = list(session_ids)
    floods = sessions.flood_waits(ids)
    marks = Session.objects.filter(pk__in=ids).values_list(
        "pk", "name", "phone", "telegram_user_id", "status", "status_code", "status_since", "retry_at", "enabled"
    )
    return {pk: (*rest, floods.get(pk)) for pk, *rest in marks}


def session_facts(session_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Status of sessions by id. Two queries."""
    ids = list(session_ids)
    floods = sessions.flood_waits(ids)
    return {row.pk: sessions.facts(row, floods.get(row.pk)) for row in Session.objects.filter(pk__in=ids)}


@dataclass(frozen=True, slots=True)
class Standing:
    """A connected user as the database has him now."""

    user: User
    roles: dict[int, Role]


def standings(user_ids: Iterable[int]) -> dict[int, Standing]:
    """Users by id with their roles; three queries. One who is gone is absent."""
    users = list(User.objects.filter(pk__in=list(user_ids)))
    roles = rights.roles(users)
    return {user.pk: Standing(user, roles.get(user.pk, {})) for user in users}


def signed_in(keys: Iterable[str]) -> set[str]:
    """Those of the login sessions' keys that are still good."""
    good = Login.objects.filter(session_key__in=list(keys), expire_date__gt=timezone.now())
    return set(good.values_list("session_key", flat=True))


def settled(command_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """State and error code of those commands that are over (or gone: "cancelled")."""
    ids = list(command_ids)
    states = {
        pk: (state, code)
        for pk, state, code in Command.objects.filter(pk__in=ids).values_list("pk", "state", "error_code")
    }
    over = (Command.State.DONE, Command.State.FAILED, Command.State.CANCELLED)
    gone = (str(Command.State.CANCELLED), "")
    return {pk: states.get(pk, gone) for pk in ids if pk not in states or states[pk][0] in over}
