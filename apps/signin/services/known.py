"""A known account signed in as if it were new: only by one of its managers. It never gives a right.

Anybody else who may add accounts and has its phone is not let in: the key that was made is logged out at Telegram, the
account's own stays as it is, and its managers are told and asked for a role (services/access.py answers).
"""

from __future__ import annotations

from django.contrib.auth.models import User

from apps.sessions.models import AccessRequest, Session, TimelineKind
from apps.sessions.services import rights, timeline
from apps.signin.models import SignInAttempt
from apps.staff.roles import Role
from apps.staff.services.audit import audit

CODE = "ACCOUNT_KNOWN"


def is_strangers(attempt: SignInAttempt, session: Session) -> bool:
    """Whether the account that an attempt has come to is known, and whoever began it does not manage it. An attempt for
    that very account was its managers' at each step (may_drive)."""
    if session.telegram_user_id is None or session.pk == attempt.session_id:
        return False
    user = attempt.started_by
    return user is None or rights.role(user, session.pk) != Role.MANAGER


def tell_managers(session: Session, user: User | None) -> None:
    """Inside the sign-in's transaction, which has the session's row locked."""
    timeline.note(session.pk, TimelineKind.SIGN_IN_REFUSED, code=CODE, user=user)
    audit(user, "sign_in.refused", session, code=CODE)
    if user is not None:
        AccessRequest.objects.get_or_create(session=session, user=user, decided_at=None)
