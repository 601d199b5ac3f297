"""Users who are signed in, as a browser's cookie says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SOCKETS_A_USER = 3


def cookies(sessions: Sequence[int], prefix: str) -> list[str]:
    """For each of these session rows' sockets a cookie of a viewer of that session; three sockets share a user."""
    from django.contrib.auth.models import User

    from apps.sessions.models import SessionGrant
    from apps.staff.roles import Role

    made: list[str] = []
    shared: dict[int, tuple[str, int]] = {}
    for session_id in sessions:
        cookie, left = shared.get(session_id, ("", 0))
        if not left:
            user = User(username=f"{prefix}-{len(made)}", is_staff=True)
            user.set_unusable_password()
            user.save()
            SessionGrant.objects.create(user=user, session_id=session_id, role=Role.VIEWER)
            cookie, left = _login(user), SOCKETS_A_USER
        shared[session_id] = (cookie, left - 1)
        made.append(cookie)
    return made


def administrator() -> tuple[int, tuple[str, str]]:
    """A new superuser's row, and the cookie (name, value) of a login of theirs."""
    from django.conf import settings
    from django.contrib.auth.models import User

    user, _ = User.objects.get_or_create(username="administrator", is_staff=True, is_superuser=True)
    return user.pk, (settings.SESSION_COOKIE_NAME, _login(user))


def _login(user: User) -> str:
    """The key of a new login."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    login = import_module(settings.SESSION_ENGINE).SessionStore()
    login[SESSION_KEY] = str(user.pk)
    login[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    login[HASH_SESSION_KEY] = user.get_session_auth_hash()
    login.save()
    return str(login.session_key)
