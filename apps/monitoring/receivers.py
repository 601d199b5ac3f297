"""Audit: what services tell is kept, in their transaction. An entry that cannot be written undoes the action."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.dispatch import receiver
from django.utils import timezone

from apps.monitoring.models import AuditEntry
from apps.sessions.models import Session
from apps.sessions.signals import audited
from tgadmin.core import origin

PROCESSES = {"gateway": "gateway", "worker": "background task", "web": "web process"}


@receiver(audited)
def keep(
    actor: User | None,
    action: str,
    session: Session | None,
    details: dict[str, Any],
    at: datetime | None = None,
    **kwargs: Any,
) -> None:
    """A command at the shell proves no user's identity: it is named itself, and the user for whom it acts beside it."""
    came_from = origin.current.get()
    process = "" if came_from is not None else PROCESSES.get(settings.PROCESS, "") or command_line()
    name = actor.get_username() if actor is not None else process
    if process and settings.PROCESS not in PROCESSES:
        details = details | ({"acting_as": name} if actor is not None else {})
        actor, name = None, process
    AuditEntry.objects.create(
        at=at or timezone.now(),
        actor_id=None if actor is None else actor.pk,
        actor=name,
        action=action,
        session_id=None if session is None else session.pk,
        account="" if session is None else session.name,
        details=details,
        address=(came_from.address or None) if came_from is not None else None,
        agent=came_from.agent if came_from is not None else process if name != process else "",
    )


def command_line() -> str:
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):  # a user without a name
        return "command line"
