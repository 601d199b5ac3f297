"""Who may do what with which session: the one place that answers, asked by admin, pages, sockets and commands.

A viewer reads; an operator sends, edits, deletes and marks read; a manager signs in, renames, disables, grants and logs
out. A right is a user's own or their group's: the highest of them counts. Superusers are managers of every session.
Whoever is not staff, or not active, has no right at all.

What Telegram's own accounts write, login codes above all, is for managers alone: for others those chats and messages do
not exist. ``sees_telegram``, ``least_with`` and ``hiding_telegram`` say so to whoever has a role, acts, or reads rows.

What waits in the command bus is asked about once more when it is claimed: ``lack_sql`` is the same answer as SQL, for
the claim, which has it after the command is its own and before anything is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models import Max, Q, QuerySet

from apps.commands.models import Command
from apps.common import users
from apps.sessions.models import Session, SessionGrant
from apps.staff.roles import Role
from apps.staff.selectors import lacks_second_factor_sql
from tgadmin.core.errors.refusals import Lack
from tgadmin.core.official import OFFICIAL, is_official

AnyUser = users.AnyUser
Forbidden = users.Forbidden
is_staff = users.is_staff

ADD_ACCOUNT = "tg_sessions.add_account"
REVEAL_PHONE = "tg_sessions.reveal_phone"
EXPORT_SESSION = "tg_sessions.export_session"


def _grants(user: AnyUser) -> QuerySet[SessionGrant]:
    """The user's own, and those of their groups."""
    groups = Group.objects.filter(user=user.pk or 0)
    return SessionGrant.objects.filter(Q(user_id=user.pk or 0) | Q(group__in=groups))


def visible_sessions(user: AnyUser) -> QuerySet[Session]:
    """The sessions that the user may at least view; what a sign-in that came to nothing left is not among them."""
    sessions = Session.objects.exclude(telegram_user_id=None, enabled=False)
    if not is_staff(user):
        return sessions.none()
    if user.is_superuser:
        return sessions
    return sessions.filter(pk__in=_grants(user).values("session_id"))


def managed_sessions(user: AnyUser) -> QuerySet[Session]:
    """Those of the visible sessions that the user manages."""
    sessions = visible_sessions(user)
    if user.is_superuser:
        return sessions
    managed = _grants(user).filter(role__gte=Role.MANAGER)
    return sessions.filter(pk__in=managed.values("session_id"))


def manages_any(user: AnyUser) -> bool:
    """Whether there is a session that the user manages; superusers do, even before there is one."""
    return is_staff(user) and (user.is_superuser or managed_sessions(user).exists())


_known: ContextVar[dict[tuple[int | None, int], Role | None] | None] = ContextVar("known", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Meanwhile, in this thread, each role is looked up once: for a page that changes nothing and asks it for each of
    its parts."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def works_in_chats(user: AnyUser) -> bool:
    """Whether chats are all that the user works with: they manage no session, add none, and keep no users. Their pages
    begin there, with a short menu; what else they may see stays at its address."""
    return is_staff(user) and not (manages_any(user) or may_add_account(user) or user.has_perm("auth.view_user"))


def role(user: AnyUser, session_id: int) -> Role | None:
    """The user's role in the session; None: none, or no such session."""
    if not is_staff(user):
        return None
    known = _known.get()
    if known is None:
        return _role(user, session_id)
    if (user.pk, session_id) not in known:
        known[user.pk, session_id] = _role(user, session_id)
    return known[user.pk, session_id]


def _role(user: AnyUser, session_id: int) -> Role | None:
    if user.is_superuser:
        return Role.MANAGER if Session.objects.filter(pk=session_id).exists() else None
    highest = _grants(user).filter(session_id=session_id).aggregate(highest=Max("role"))["highest"]
    return None if highest is None else Role(highest)


def roles(people: Iterable[User]) -> dict[int, dict[int, Role]]:
    """What each of the users may do, by user id and visible session's id; one query for any number of users, asked for
    each page that comes and every second for those that are there."""
    staff = [user for user in people if is_staff(user)]
    held: dict[int, dict[int, Role]] = {user.pk: {} for user in staff}
    supers = [user.pk for user in staff if user.is_superuser]
    with connection.cursor() as cursor:
        cursor.execute(_ROLES, {"users": [*held], "supers": supers, "manager": Role.MANAGER})
        for user_id, session_id, number in cursor.fetchall():
            held[user_id][session_id] = Role(number)
    return held


_ROLES = """
SELECT held.user_id, held.session_id, max(held.role)
FROM (
    SELECT g.user_id, g.session_id, g.role FROM telegram_session_grants g WHERE g.user_id = ANY(%(users)s)
    UNION ALL
    SELECT m.user_id, g.session_id, g.role FROM auth_user_groups m JOIN telegram_session_grants g USING (group_id)
    WHERE m.user_id = ANY(%(users)s)
    UNION ALL
    SELECT u.id, s.id, %(manager)s FROM unnest(%(supers)s::int[]) u (id) CROSS JOIN telegram_sessions s
) held
JOIN telegram_sessions s ON s.id = held.session_id AND (s.telegram_user_id IS NOT NULL OR s.enabled)
GROUP BY held.user_id, held.session_id
"""


def require(user: AnyUser, session_id: int, least: Role) -> None:
    """Raises Forbidden unless the user has at least the role ``least`` in the session."""
    held = role(user, session_id)
    if held is None or held < least:
        raise Forbidden


def sees_telegram(held: Role | None) -> bool:
    """Whether who holds this role sees what Telegram's own accounts write."""
    return held is not None and held >= Role.MANAGER


def least_with(peer_id: int, least: Role) -> Role:
    """The role that is needed in a chat with this peer where ``least`` is needed in others."""
    return max(least, Role.MANAGER) if is_official(peer_id) else least


def hiding_telegram(rows: QuerySet[Any], user: AnyUser, theirs: Q) -> QuerySet[Any]:
    """Rows of visible sessions without those (``theirs``) that are of Telegram's own accounts, but for managers."""
    if is_staff(user) and user.is_superuser:
        return rows
    managed = managed_sessions(user).order_by().values("pk")
    return rows.exclude(theirs & ~Q(session_id__in=managed))


def may_add_account(user: AnyUser) -> bool:
    """Whether the user may sign new accounts in."""
    return is_staff(user) and user.has_perm(ADD_ACCOUNT)


def may_reveal_phone(user: AnyUser, session_id: int) -> bool:
    return is_staff(user) and user.has_perm(REVEAL_PHONE) and role(user, session_id) is not None


def may_export(user: AnyUser, session_id: int) -> bool:
    """Whether the user may take an account's session out: a manager of it who has that right besides."""
    return is_staff(user) and user.has_perm(EXPORT_SESSION) and role(user, session_id) == Role.MANAGER


# --- once more, when a command is claimed -----------------------------------------------------------------------------


def lack_sql() -> str:
    """What whoever asked lacks, as an SQL expression over ``c`` (telegram_commands), ``u`` (its auth_user, or none) and
    ``n`` (role, or_starter, system: the kind's command_kinds.Need; role 0 for None): a Lack's value, "" for nothing."""
    return f"""CASE
    WHEN c.origin = '{Command.Origin.SYSTEM}' THEN CASE WHEN n.system THEN '{Lack.NOTHING}' ELSE '{Lack.NOT_OURS}' END
    WHEN n.role = 0 THEN '{Lack.NOTHING}'
    WHEN u.id IS NULL THEN '{Lack.GONE}'
    WHEN NOT u.is_active THEN '{Lack.INACTIVE}'
    WHEN NOT u.is_staff THEN '{Lack.NOT_STAFF}'
    WHEN {lacks_second_factor_sql()} THEN '{Lack.SECOND_FACTOR}'
    WHEN u.is_superuser THEN '{Lack.NOTHING}'
    WHEN EXISTS (SELECT 1 FROM telegram_session_grants g WHERE g.session_id = c.session_id AND g.role >= {_LEAST}
        AND (g.user_id = u.id OR g.group_id IN (SELECT m.group_id FROM auth_user_groups m WHERE m.user_id = u.id)))
        THEN '{Lack.NOTHING}'
    WHEN n.or_starter AND {_STARTED} AND {_MAY_ADD} THEN '{Lack.NOTHING}'
    ELSE '{Lack.ROLE}' END"""  # noqa: S608  nothing of anybody's is in it


_LEAST = (
    f"CASE WHEN split_part(c.lane, ':', 2) IN ({', '.join(repr(str(one)) for one in sorted(OFFICIAL))}) "
    f"THEN {int(Role.MANAGER)} ELSE n.role END"
)
"""``least_with``, by the command's lane, which names its chat."""
_STARTED = """EXISTS (SELECT 1 FROM telegram_sign_ins a JOIN telegram_sessions s ON s.id = a.session_id
        WHERE a.session_id = c.session_id AND a.id::text = c.payload ->> 'attempt' AND a.started_by_id = u.id
        AND s.telegram_user_id IS NULL)"""
_MAY_ADD = f"""EXISTS (SELECT 1 FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id
        WHERE t.app_label || '.' || p.codename = '{ADD_ACCOUNT}' AND (
            EXISTS (SELECT 1 FROM auth_user_user_permissions o WHERE o.permission_id = p.id AND o.user_id = u.id)
            OR EXISTS (SELECT 1 FROM auth_group_permissions h JOIN auth_user_groups m ON m.group_id = h.group_id
                WHERE h.permission_id = p.id AND m.user_id = u.id)))"""  # noqa: S608


MANAGERS_NAMED = 3
"""Colleagues whom somebody is sent to at most."""


def manager_names(session_ids: Iterable[int]) -> dict[int, list[str]]:
    """Whom to ask for what only a manager may do: names of active staff who manage the accounts themselves, by session;
    a few are enough. One query."""
    grants = SessionGrant.objects.filter(session_id__in=list(session_ids), role__gte=Role.MANAGER, user__isnull=False)
    grants = (
        grants.filter(user__is_active=True, user__is_staff=True).select_related("user").order_by("granted_at", "pk")
    )
    names: dict[int, list[str]] = {}
    for grant in grants:
        found = names.setdefault(grant.session_id, [])
        if grant.user is not None and len(found) < MANAGERS_NAMED:
            found.append(grant.user.get_full_name() or grant.user.get_username())
    return names
