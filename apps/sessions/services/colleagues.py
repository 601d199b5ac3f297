"""Colleagues in one step: who they are, which accounts they use in which role, whether they add accounts.

For administrators, who hold every right that they give here; what a manager gives in their own accounts goes through
``sessions.grant``, as each right does here too. Everything of one call is one transaction.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import Permission, User
from django.db import transaction

from apps.sessions.models import Session, SessionGrant
from apps.sessions.services import everywhere, rights, sessions
from apps.staff.models import Login
from apps.staff.roles import Role
from apps.staff.services.audit import audit
from tgadmin.core.errors import UserError

MAX_USERNAME = 150
NAME_LENGTH = 150
"""Of each of the two parts in which Django keeps a name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A colleague as the form has them. ``roles``: by account's id, None for no right; accounts that are not in it are
    left as they are. ``everywhere``: the role in all accounts, later ones too."""

    name: str
    username: str
    email: str = ""
    roles: Mapping[int, Role | None] = field(default_factory=dict)
    adds_accounts: bool = False
    everywhere: Role | None = None


def may_manage(user: rights.AnyUser) -> bool:
    """Whether the user may add colleagues and change what they may do: an administrator."""
    return rights.is_staff(user) and user.is_superuser


@transaction.atomic
def add(by: User, wanted: Wanted) -> User:
    """A colleague who may sign in once they have set a password (apps/staff/services/joining.py). Raises Forbidden."""
    _require(by)
    user = User(username=wanted.username, email=wanted.email, is_staff=True)
    user.first_name, user.last_name = parts_of(wanted.name)
    user.set_unusable_password()
    user.save()
    _give(by, user, wanted)
    return user


@transaction.atomic
def change(by: User, user: User, wanted: Wanted) -> None:
    """Name, e-mail and rights; what is as it was is not touched. Raises Forbidden."""
    _require(by)
    row = User.objects.select_for_update().get(pk=user.pk)
    first, last = parts_of(wanted.name)
    if (row.first_name, row.last_name, row.email, row.username) != (first, last, wanted.email, wanted.username):
        row.first_name, row.last_name, row.email, row.username = first, last, wanted.email, wanted.username
        row.save()
    _give(by, row, wanted)


@transaction.atomic
def enable(by: User, user: User) -> None:
    """They may sign in again, with the rights that they had. Raises Forbidden."""
    _require(by)
    row = User.objects.select_for_update().get(pk=user.pk)
    if not (row.is_active and row.is_staff):
        row.is_active = row.is_staff = True
        row.save()


@transaction.atomic
def disable(by: User, user: User) -> None:
    """They can no longer sign in, and are signed out everywhere. Raises Forbidden, UserError."""
    _require(by)
    administrators = User.objects.select_for_update().filter(is_superuser=True, is_active=True, is_staff=True)
    left = {row.pk for row in administrators} - {user.pk}
    if user.pk == by.pk:
        raise UserError("OWN_USER", "You cannot disable yourself: another administrator can.")
    if user.is_superuser and not left:
        raise UserError("LAST_ADMINISTRATOR", "They are the last administrator: make another one first.")
    row = User.objects.select_for_update().get(pk=user.pk)
    if row.is_active:
        row.is_active = False
        row.save()
    ended, _ = Login.objects.filter(user_id=row.pk).delete()
    if ended:
        audit(by, "login.all_ended", user=row.get_username(), count=ended)


def _require(by: User) -> None:
    if not may_manage(by):
        raise rights.Forbidden


def _give(by: User, user: User, wanted: Wanted) -> None:
    held = dict(SessionGrant.objects.filter(user=user).values_list("session_id", "role"))
    differ = {key: role for key, role in wanted.roles.items() if held.get(key) != role}
    for session in Session.objects.filter(pk__in=differ).order_by("pk"):
        role = differ[session.pk]
        if role is None:
            sessions.revoke(by, session, user)
        else:
            sessions.grant(by, session, user, role)
    everywhere.set_role(by, user, wanted.everywhere)
    app, code = rights.ADD_ACCOUNT.split(".")
    permission = Permission.objects.get(content_type__app_label=app, codename=code)
    has = user.user_permissions.filter(pk=permission.pk).exists()
    if wanted.adds_accounts and not has:
        user.user_permissions.add(permission)
    elif has and not wanted.adds_accounts:
        user.user_permissions.remove(permission)


# --- names ----------------------------------------------------------------------------------------------------------


def parts_of(name: str) -> tuple[str, str]:
    """The two parts in which Django keeps a name; put together again they are the name."""
    first, _, last = " ".join(name.split()).rpartition(" ")
    return (first, last) if first else (last, "")


def free_username(name: str) -> str:
    """A user name made from somebody's name, that nobody has."""
    plain = unicodedata.normalize("NFKC", name).lower().replace("\u0307", "")  # what "İ" leaves beside its i
    base = re.sub(r"[^\w@+-]+", ".", plain).strip(".")[: MAX_USERNAME - 6] or "colleague"
    number, found = 1, base
    while User.objects.filter(username__iexact=found).exists():
        number += 1
        found = f"{base}{number}"
    return found
