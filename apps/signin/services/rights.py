"""Who may see a sign-in and take its next step."""

from __future__ import annotations

from django.db.models import QuerySet

from apps.common.users import AnyUser, is_staff
from apps.sessions.services.rights import managed_sessions, may_add_account, role
from apps.signin.models import SignInAttempt
from apps.staff.roles import Role


def may_drive(user: AnyUser, attempt: SignInAttempt) -> bool:
    """Whether the user may see the sign-in and take its next step.

    That of a known account belongs to the account's managers, that of a new one to whoever started it.
    """
    if not is_staff(user):
        return False
    if user.is_superuser:
        return True
    if attempt.session.telegram_user_id is None and attempt.started_by_id == user.pk and may_add_account(user):
        return True
    return role(user, attempt.session_id) == Role.MANAGER


def visible_attempts(user: AnyUser) -> QuerySet[SignInAttempt]:
    """The sign-ins for which ``may_drive`` holds."""
    attempts = SignInAttempt.objects.all()
    if not is_staff(user):
        return attempts.none()
    if user.is_superuser:
        return attempts
    visible = attempts.filter(session__in=managed_sessions(user))
    if may_add_account(user):
        visible |= attempts.filter(started_by_id=user.pk, session__telegram_user_id=None)
    return visible
