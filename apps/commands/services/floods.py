"""The ledger of Telegram's "not before": per session and method, or per chat for slow mode; kept over restarts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Max
from django.db.models.functions import Now

from apps.commands.models import FloodWait

PER_CHAT = frozenset({"SLOWMODE_WAIT"})
"""Codes that bind one chat; the others bind the whole account."""


def note(session_id: int, method: str, peer_id: int, code: str, seconds: int, now: datetime) -> datetime:
    """Write down that ``method`` may not be used for so many seconds; returns until when."""
    until = now + timedelta(seconds=seconds)
    where = peer_id if code in PER_CHAT else 0
    FloodWait.objects.update_or_create(
        session_id=session_id, method=method, peer_id=where, defaults={"until": until, "code": code}
    )
    return until


def waiting(session_id: int, methods: Iterable[str], peer_id: int) -> tuple[datetime, str] | None:
    """Until when these methods may not be used in that chat, and by which code; None: they may be used now."""
    found = (
        FloodWait.objects.filter(
            session_id=session_id, method__in=list(methods), peer_id__in=(0, peer_id), until__gt=Now()
        )
        .order_by("-until")
        .first()
    )
    return None if found is None else (found.until, found.code)


def latest(session_id: int) -> datetime | None:
    """The end of the session's longest wait, if one is under way."""
    until: datetime | None = FloodWait.objects.filter(session_id=session_id, until__gt=Now()).aggregate(Max("until"))[
        "until__max"
    ]
    return until
