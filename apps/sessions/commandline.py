"""How a command names an account."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from apps.sessions.models import Session
from apps.sessions.services import rights
from tgadmin.core.ids import row_id


def find_session(user: User, wanted: str) -> Session:
    """The visible session with that id or exact name. Raises CommandError, which tells hidden from missing no more than
    a page does."""
    visible = rights.visible_sessions(user)
    found = list(visible.filter(name=wanted)[:2])
    if not found:
        found = list(visible.filter(pk=row_id(wanted) or 0))
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f"Several accounts are called '{wanted}': give its id.")
    raise CommandError(f"There is no account '{wanted}', or you may not see it.")
