"""A role in all accounts, later ones too: kept as a rule, and given in each account like any other right.

So rights are asked where they always are, and a right in a single account can still be raised, lowered or taken away.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone

from apps.sessions.models import RoleEverywhere, Session, SessionGrant
from apps.sessions.services import rights, sessions
from apps.staff.roles import Role
from apps.staff.services.audit import audit


def of(user: User) -> Role | None:
    """The role that the user has in all accounts, None for no such rule."""
    found = RoleEverywhere.objects.filter(user=user).values_list("role", flat=True).first()
    return None if found is None else Role(found)


def set_role(by: User, user: User, role: Role | None) -> None:
    """The rule is this role from now on, or none: then what the user has in each account stays. Inside a transaction.
    Raises Forbidden."""
    if not (rights.is_staff(by) and by.is_superuser):
        raise rights.Forbidden
    if of(user) == role:
        return
    if role is None:
        RoleEverywhere.objects.filter(user=user).delete()
        audit(by, "right.not_everywhere", user=user.get_username())
    else:
        defaults = {"role": role, "granted_by": by, "granted_at": timezone.now()}
        RoleEverywhere.objects.update_or_create(user=user, defaults=defaults)
        audit(by, "right.everywhere", user=user.get_username(), role=role.label)
        _raise_everywhere(by, user, role)


def apply(session: Session) -> None:
    """Give what the rules say in an account that is new. Inside a transaction."""
    for rule in RoleEverywhere.objects.select_related("user", "granted_by").order_by("pk"):
        held = SessionGrant.objects.filter(session=session, user=rule.user).values_list("role", flat=True).first()
        if (held or 0) < rule.role:
            facts = {"role": rule.role, "granted_by": rule.granted_by, "granted_at": timezone.now()}
            SessionGrant.objects.update_or_create(session=session, user=rule.user, defaults=facts)


def _raise_everywhere(by: User, user: User, role: Role) -> None:
    held = dict(SessionGrant.objects.filter(user=user).values_list("session_id", "role"))
    for session in rights.managed_sessions(by).order_by("pk"):
        if held.get(session.pk, 0) < role:
            sessions.grant(by, session, user, role)
