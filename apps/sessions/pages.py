"""What the pages of one account begin with."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import Http404
from django.urls import reverse

from apps.sessions.models import Session
from apps.sessions.services import rights
from apps.staff.roles import Role


def managed_session(user: User, session_id: int) -> Session:
    """An account that the user manages. Raises Http404 for one that they may not see, Forbidden for another."""
    session = rights.visible_sessions(user).filter(pk=session_id).first()
    if session is None:
        raise Http404
    rights.require(user, session.pk, Role.MANAGER)
    return session


def account_page(session_id: int) -> str:
    """The address of its page in the admin."""
    return reverse("admin:tg_sessions_session_change", args=(session_id,))
