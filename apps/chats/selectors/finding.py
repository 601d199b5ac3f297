"""What Ctrl K in the admin finds: accounts and chats that the user may see, by what they are called."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

from django.contrib.auth.models import User
from django.db.models import Case, Q, QuerySet, Value, When

from apps.chats import sight
from apps.chats.models import Chat
from apps.sessions import attendance
from apps.sessions.models import Session
from apps.sessions.services import rights

MOST_ACCOUNTS, MOST_CHATS = 8, 12
"""How many are shown of each."""
LEAST_DIGITS = 4
"""Of a phone number, to be taken for one."""


def accounts(user: User, text: str) -> QuerySet[Session]:
    """Accounts that are called so, those whose name begins so first. By phone only for who may reveal phones."""
    found = named(("name", "profile_name", "username"), text)
    if user.has_perm(rights.REVEAL_PHONE) and len(number := "".join(filter(str.isdecimal, text))) >= LEAST_DIGITS:
        found |= Q(phone__contains=number)
    sessions = attendance.with_attendance(rights.visible_sessions(user).filter(found))
    return sessions.annotate(begins=_begins("name", text)).order_by("begins", "name", "id")[:MOST_ACCOUNTS]


def chats(user: User, text: str) -> QuerySet[Chat]:
    """Chats of visible accounts that are called so: those whose name begins so first, then the latest."""
    rows = sight.chats(user).filter(named(("title", "username"), text), migrated_to=None)
    rows = rows.select_related("session").annotate(begins=_begins("title", text))
    return rows.order_by("begins", "-last_message_at", "-id")[:MOST_CHATS]


def named(fields: tuple[str, ...], text: str) -> Q:
    """Every word is in one of the fields; an @ before a user name is none of it."""
    words = [word.removeprefix("@") or word for word in text.split()]
    return reduce(and_, (reduce(or_, (Q(**{f"{field}__icontains": word}) for field in fields)) for word in words))


def _begins(field: str, text: str) -> Case:
    return Case(When(Q(**{f"{field}__istartswith": text}), then=Value(0)), default=Value(1))
