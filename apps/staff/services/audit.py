"""The audit: who did what, kept in the transaction that does it. An entry that cannot be written undoes the action.

Because whatever is done is told here, here is also asked whether it may be done by a login that has not shown of late
that its user sits before it: no page, form, admin action or address can pass by (apps/staff/confirming.py asks).
"""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from apps.staff.models import AuditEntry
from tgadmin.core import origin

PROCESSES = {"gateway": "gateway", "worker": "background task", "web": "web process"}

CONFIRMED_FIRST = frozenset({
    "session.exported",
    "right.granted", "right.everywhere", "powers.given", "powers.taken", "powers.cleared",
    "user.added", "user.changed", "user.removed", "link.made",
    "group.added", "group.saved", "group.removed",
    "factor.added", "factor.replaced", "factor.removed", "factor.reset", "factor.codes_renewed",
    "settings.changed",
    "login.unlocked",  # else a stolen login could guess the password that it is asked for without end
})  # fmt: skip
"""What a stolen login must not do: take accounts out, give rights, make colleagues, change how anybody signs in.
What takes a right away or ends a login is not here: it must not wait."""


class NotConfirmed(Exception):
    """Who asks for this has to show first that it is them. Raised inside the transaction, which it undoes."""


class Account(Protocol):
    """An account, as the audit names it; its model stands above this app."""

    pk: Any
    name: Any


def audit(
    actor: User | None, action: str, session: Account | None = None, /, *, at: datetime | None = None, **details: Any
) -> None:
    """Call it inside the transaction that does the thing. ``actor``: None for nobody who is signed in; ``action``: a
    dotted code, as "session.renamed"; ``at``: when it happened, if not now.

    ``details`` hold no secret, code, phone or message text. Raises NotConfirmed, in a browser's request: whoever has
    the shell has everything.
    """
    came_from = origin.current.get()
    if action in CONFIRMED_FIRST and came_from is not None and not came_from.confirmed():
        raise NotConfirmed
    _keep(actor, action, session, details, at or timezone.now(), came_from)


def _keep(
    actor: User | None,
    action: str,
    session: Account | None,
    details: dict[str, Any],
    at: datetime,
    came_from: origin.Origin | None,
) -> None:
    """A command at the shell proves no user's identity: it is named itself, and the user for whom it acts beside it."""
    process = "" if came_from is not None else PROCESSES.get(settings.PROCESS, "") or command_line()
    name = actor.get_username() if actor is not None else process
    if process and settings.PROCESS not in PROCESSES:
        details = details | ({"acting_as": name} if actor is not None else {})
        actor, name = None, process
    AuditEntry.objects.create(
        at=at,
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
