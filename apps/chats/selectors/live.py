"""What changed, for the pages that are open: read once for all of a web process's sockets.

News (events, list rows) come by one statement each on a connection of the hub's own; the rest is asked for once a
second, or when a wake-up names it, through Django.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db import connection

from apps.chats.event_kinds import EventKind
from apps.chats.models import Chat
from apps.chats.payloads import Newest, SessionFacts
from apps.chats.selectors import history, lists, messages, sessions
from apps.commands.models import Command
from apps.sessions import attendance
from apps.sessions.models import Session
from apps.sessions.services import rights
from apps.staff.roles import Role
from apps.staff.selectors import good_logins

BATCH = 100
"""Events of one chat that are read, and go into one frame, at a time."""

CHANGES = f"""
SELECT e.number, e.kind, e.message_id, e.data::text, {lists.COLUMNS}, {messages.COLUMNS}
FROM unnest(%s::bigint[], %s::bigint[]) k(chat_id, number)
    JOIN telegram_chats c ON c.id = k.chat_id AND c.last_event > k.number
    LEFT JOIN LATERAL (
        SELECT number, kind, message_id, data FROM chat_events
        WHERE chat_id = k.chat_id AND number > k.number ORDER BY number LIMIT {BATCH}
    ) e ON TRUE
    LEFT JOIN telegram_messages m ON m.id = e.message_id AND m.chat_id = c.id {messages.JOINS}
ORDER BY c.id, e.number
"""  # noqa: S608
"""By the numbers that the chats' viewers have: each later event (none: it is no longer kept), the chat's row, and the
message that it is about as it is now."""

ROWS = f"""
SELECT {lists.COLUMNS} FROM telegram_chats c
WHERE c.session_id = ANY(%s::bigint[]) AND c.updated_at > statement_timestamp() - make_interval(secs => %s)
UNION ALL
SELECT {lists.COLUMNS} FROM unnest(%s::bigint[]) k(id) JOIN telegram_chats c ON c.id = k.id
"""  # noqa: S608
"""Rows of the list that were written within the last seconds, by sessions; and those of given chats. The time overlaps
the look before, so that what committed late is seen: the reader drops what it has sent already."""


class EventRow(NamedTuple):
    """An event; ``kind`` is an EventKind, or what a newer gateway has written."""

    number: int
    kind: str
    message_id: int | None
    data: str | None


_EVENT = slice(len(EventRow._fields))
_ROW = slice(_EVENT.stop, _EVENT.stop + len(lists.Row._fields))
_MESSAGE = slice(_ROW.stop, None)
"""Where each of them stands in a row of CHANGES."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened in a chat after a number: at most BATCH events in order, none skipped (none at all: they are kept
    no more), its list row, and the messages by row id that are there."""

    row: lists.Row
    events: list[EventRow]
    found: dict[int, messages.Shown]

    @property
    def kept_from(self) -> int:
        """The number from which on events are there: beyond the floor's next one when that was pruned."""
        return self.events[0].number if self.events else self.row.last_event + 1

    @property
    def last(self) -> int:
        return self.events[-1].number if self.events else self.row.last_event

    def is_torn(self, after: int) -> bool:
        """Whether who stands at the number ``after`` has to begin again: what they have to hear next is no longer kept,
        or the chat was reset since."""
        if self.kept_from > after + 1:
            return True
        return any(event.kind == EventKind.RESET and event.number > after for event in self.events)

    @property
    def is_for_all(self) -> bool:
        """Whether all who see the chat are told the same."""
        return all(message.is_for_all for message in self.found.values())

    def for_all(self) -> Change:
        """The same for those who do not see what is for managers only: the numbers go on, nothing is told of it."""
        if self.is_for_all:
            return self
        found = {pk: shown for pk, one in self.found.items() if (shown := one.shown(whole=False)) is not None}
        hidden = self.found.keys() - found.keys()
        events = [
            EventRow(one.number, one.kind, None, None) if one.message_id in hidden else one for one in self.events
        ]
        return Change(self.row, events, found)

    @property
    def more(self) -> bool:
        """There may be further events than were read."""
        return len(self.events) == BATCH


def changes(rows: Iterable[Sequence[Any]]) -> dict[int, Change]:
    """What CHANGES gave, by chat."""
    found: dict[int, Change] = {}
    for values in rows:
        row = lists.Row(*values[_ROW])
        change = found.get(row.id)
        if change is None:
            change = found[row.id] = Change(row, [], {})
        number, *_ = event = values[_EVENT]
        if number is not None:
            change.events.append(EventRow(*event))
        pk, *_ = message = values[_MESSAGE]
        if pk is not None:
            change.found[pk] = messages.Shown(*message)
    return found


def resets(chat_ids: Iterable[int], *, whole: bool) -> dict[int, Newest]:
    """The newest page of each chat with its list row, as frames carry them; chats that are gone are absent."""
    chats = list(Chat.objects.filter(pk__in=list(chat_ids)))
    pages = {chat.pk: history.newest(chat, whole=whole) for chat in chats}
    return {row["id"]: Newest(page=pages[row["id"]], row=row) for row in lists.payloads(pages)}


def oldest_event(chat_id: int) -> int | None:
    """The number of the oldest event that is still kept."""
    return Chat.objects.filter(pk=chat_id).values_list("events__number", flat=True).order_by("events__number").first()


def online(session_ids: Iterable[int]) -> dict[int, set[int]]:
    """The chats with people who are online now, by session: their row ids. One query, from an index of those online."""
    ids = list(session_ids)
    found: dict[int, set[int]] = {session_id: set() for session_id in ids}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.session_id, c.id FROM telegram_peers p "  # noqa: S608
            "JOIN telegram_chats c ON c.session_id = p.session_id AND c.peer_id = p.peer_id AND c.kind = 'user' "
            f"WHERE {lists.IS_ONLINE} AND p.session_id = ANY(%s)",
            [ids],
        )
        for session_id, chat_id in cursor.fetchall():
            found[session_id].add(chat_id)
    return found


def session_marks(session_ids: Iterable[int]) -> dict[int, tuple[Any, ...]]:
    """What tells whether a session's facts have changed, by id. Three queries."""
    ids = list(session_ids)
    floods, away = sessions.flood_waits(ids), attendance.without_gateway(ids)
    marks = Session.objects.filter(pk__in=ids).values_list(
        "pk", "name", "phone", "telegram_user_id", "status", "status_code", "status_since", "retry_at", "enabled"
    )
    return {pk: (*rest, floods.get(pk), pk in away) for pk, *rest in marks}


def session_facts(session_ids: Iterable[int]) -> dict[int, SessionFacts]:
    """Status of sessions by id. Three queries."""
    ids = list(session_ids)
    floods, away = sessions.flood_waits(ids), attendance.without_gateway(ids)
    rows = Session.objects.filter(pk__in=ids)
    return {row.pk: sessions.facts(row, floods.get(row.pk), away=row.pk in away) for row in rows}


@dataclass(frozen=True, slots=True)
class UserAccess:
    """A connected user as the database has them now."""

    user: User
    roles: dict[int, Role]


def user_accesses(user_ids: Iterable[int]) -> dict[int, UserAccess]:
    """Users by id with their roles; two queries. One who is gone is absent."""
    users = list(User.objects.filter(pk__in=list(user_ids)))
    roles = rights.roles(users)
    return {user.pk: UserAccess(user, roles.get(user.pk, {})) for user in users}


def signed_in(digests: Iterable[str]) -> set[str]:
    """Those of the logins (by digest) that are still good, their second factor included. One query."""
    return good_logins(digests)


def settled(command_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """State and error code of those commands that are over (or gone: "cancelled")."""
    ids = list(command_ids)
    states = {
        pk: (state, code)
        for pk, state, code in Command.objects.filter(pk__in=ids).values_list("pk", "state", "error_code")
    }
    gone = (str(Command.State.CANCELLED), "")
    return {pk: states.get(pk, gone) for pk in ids if pk not in states or states[pk][0] in Command.SETTLED}
