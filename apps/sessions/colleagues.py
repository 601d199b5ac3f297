"""What the page of colleagues shows: who there is, what each may do with which account, who has not come yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.sessions.models import RoleEverywhere, Session, SessionGrant
from apps.sessions.services import rights
from apps.staff.models import Authenticator, JoinLink
from apps.staff.roles import WORDS, Role
from tgadmin.core import phones

MOST = 200
"""Colleagues on a page; the search finds the others."""
NAMED = 3
"""Accounts of a role that are named; the others are behind "+ n"."""
EVERYWHERE = "all accounts, later ones too"
SHOWS = {
    "": "Everyone",
    "managers": "Managers",
    "new": "Not yet here",
    "no_factor": "No second factor",
    "disabled": "Disabled",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A role of somebody's. ``first``: the first accounts' names; ``more``: those of the others."""

    label: str
    icon: str
    first: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Colleague:
    """``link``: until when their one-time link works, or worked; None: there is none."""

    user: User
    name: str
    letters: str
    enabled: bool
    has_factor: bool
    adds_accounts: bool
    link: datetime | None
    link_works: bool
    never_here: bool
    lines: tuple[Line, ...]


def people() -> QuerySet[User]:
    """Everybody, with whether they have a second factor and may add accounts."""
    app, code = rights.ADD_ACCOUNT.split(".")
    permission = Permission.objects.filter(content_type__app_label=app, codename=code)
    groups = Group.objects.filter(permissions__in=permission, user=OuterRef("pk"))
    own = User.user_permissions.through.objects.filter(user_id=OuterRef("pk"), permission__in=permission)
    factor = Authenticator.objects.filter(user=OuterRef("pk"), confirmed=True)
    return User.objects.annotate(
        has_factor=Exists(factor), adds_accounts=Q(is_superuser=True) | Exists(own) | Exists(groups)
    )


def found(query: str = "", show: str = "") -> list[Colleague]:
    """Those whose name, user name or e-mail holds the words, or who use an account that is called so; who is disabled
    comes last. A fixed number of queries."""
    rows = _shown(people(), show)
    for word in query.split():
        of_account = SessionGrant.objects.filter(session__name__icontains=word)
        rows = rows.filter(
            Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(username__icontains=word)
            | Q(email__icontains=word)
            | Q(pk__in=of_account.exclude(user=None).values("user"))
            | Q(groups__in=of_account.exclude(group=None).values("group"))
        )
    ordered = rows.distinct().order_by("-is_active", "-is_staff", "first_name", "last_name", "username")
    return _with_rights(list(ordered[:MOST]))


def _shown(rows: QuerySet[User], show: str) -> QuerySet[User]:
    managed = SessionGrant.objects.filter(role__gte=Role.MANAGER)
    groups = managed.exclude(group=None).values("group")
    conditions: dict[str, Q] = {
        "managers": Q(is_superuser=True) | Q(pk__in=managed.exclude(user=None).values("user")) | Q(groups__in=groups),
        "new": Q(last_login=None, is_active=True),
        "no_factor": Q(has_factor=False, is_active=True),
        "disabled": Q(is_active=False) | Q(is_staff=False),
    }
    return rows.filter(conditions.get(show, Q()))


def _with_rights(users: list[User]) -> list[Colleague]:
    roles = rights.roles(users)
    names = dict(Session.objects.order_by("name").values_list("pk", "name"))
    rules = dict(RoleEverywhere.objects.filter(user__in=users).values_list("user_id", "role"))
    links = dict(JoinLink.objects.filter(user__in=users).values_list("user_id", "expires_at"))
    now = timezone.now()
    return [
        _colleague(user, _lines(roles.get(user.pk, {}), names, rules.get(user.pk)), links.get(user.pk), now)
        for user in users
    ]


def _colleague(user: Any, lines: Iterable[Line], link: datetime | None, now: datetime) -> Colleague:
    enabled = user.is_active and user.is_staff
    return Colleague(
        user=user,
        name=name_of(user),
        letters=letters_of(name_of(user)),
        enabled=enabled,
        has_factor=user.has_factor,
        adds_accounts=user.adds_accounts and enabled,
        link=link,
        link_works=link is not None and link > now,
        never_here=user.last_login is None,
        lines=(Line(Role.MANAGER.label, WORDS[Role.MANAGER].icon, "every account"),)
        if user.is_superuser and enabled
        else tuple(lines),
    )


def _lines(roles: dict[int, Role], names: dict[int, str], rule: int | None) -> Iterable[Line]:
    """One for each role, the highest first. ``rule``: the role in all accounts, later ones too."""
    held: dict[Role, list[str]] = defaultdict(list)
    for key, name in names.items():  # in their order
        if key in roles:
            held[roles[key]].append(name)
    everywhere = None if rule is None else Role(rule)
    for role in sorted({*held, *filter(None, [everywhere])}, reverse=True):
        if role == everywhere and all(roles.get(key, 0) >= role for key in names):
            yield Line(role.label, WORDS[role].icon, EVERYWHERE)
            continue
        later = ["later accounts"] if role == everywhere else []
        named = [*held[role], *later] if len(held[role]) < NAMED else [*later, *held[role]]
        yield Line(role.label, WORDS[role].icon, ", ".join(named[:NAMED]), tuple(named[NAMED:]))


def name_of(user: User) -> str:
    return user.get_full_name() or user.get_username()


def letters_of(name: str) -> str:
    """At most two: the first of the first and of the last word."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


# --- the form's table -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account in the form. ``chosen``: the role's number, 0 for none; ``by_group``: what a group gives besides."""

    pk: int
    name: str
    phone: str
    chosen: int
    by_group: str

    @property
    def field(self) -> str:
        return f"role-{self.pk}"

    @property
    def choices(self) -> list[tuple[int, str, bool]]:
        """(value, label, whether it is chosen)"""
        return [(value, label, value == self.chosen) for value, label in ((0, "None"), *Role.choices)]


def account_rows(by: User, user: User | None, chosen: dict[int, Role | None]) -> list[AccountRow]:
    """The accounts that ``by`` may give rights in, those with a role first. ``chosen``: what was sent; of the others
    what the user has counts."""
    held: dict[int, int] = {}
    by_group: dict[int, list[str]] = defaultdict(list)
    if user is not None:
        held = dict(SessionGrant.objects.filter(user=user).values_list("session_id", "role"))
        for grant in SessionGrant.objects.filter(group__user=user).select_related("group"):
            by_group[grant.session_id].append(f"{grant.get_role_display()} by {grant.holder}")
    rows = [
        AccountRow(
            pk=session.pk,
            name=session.name,
            phone=phones.masked(session.phone),
            chosen=int(chosen[session.pk] or 0) if session.pk in chosen else held.get(session.pk, 0),
            by_group=", ".join(by_group[session.pk]),
        )
        for session in rights.managed_sessions(by).order_by("name", "pk")
    ]
    return sorted(rows, key=lambda row: row.chosen == 0)
