"""An account's timeline: the only place that writes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from apps.sessions.models import SessionEvent, SessionStatus, TimelineKind


def note(session_id: int, kind: TimelineKind, *, code: str = "", user: User | None = None, **detail: Any) -> None:
    """Add a line, with the person who did it. ``code``: the cause, as Telegram or we name it. ``detail`` is shown to
    managers only, and holds no secret, phone number or message text."""
    SessionEvent.objects.create(session_id=session_id, kind=kind, code=code, user=user, detail=detail)


def status_line(
    session_id: int, status: SessionStatus, code: str, at: datetime, user_id: int | None = None
) -> SessionEvent:
    """A line that tells of a new status, to be added by ``add``."""
    return SessionEvent(session_id=session_id, at=at, kind=f"status.{status.value}", code=code, user_id=user_id)


def add(lines: Iterable[SessionEvent]) -> None:
    SessionEvent.objects.bulk_create(lines)


def move(from_id: int, to_id: int) -> None:
    """Moves all lines of one session to another: both are the same account."""
    SessionEvent.objects.filter(session=from_id).update(session=to_id)
