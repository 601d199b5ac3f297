"""What is to be told later: who did what. Kept by apps above this one, in the same transaction.

Because whatever is done is told here, here is also asked whether it may be done by a login that has not shown of late
that its user sits before it: no page, form, admin action or address can pass by (apps/staff/confirming.py asks).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from apps.sessions.models import Session
from apps.sessions.signals import audited
from tgadmin.core import origin

CONFIRMED_FIRST = frozenset({
    "session.exported",
    "right.granted", "powers.given", "powers.taken", "powers.cleared",
    "user.added", "user.changed", "user.removed",
    "group.added", "group.saved", "group.removed",
    "factor.added", "factor.replaced", "factor.removed", "factor.reset", "factor.codes_renewed",
    "settings.changed",
    "login.unlocked",  # else a stolen login could guess the password that it is asked for without end
})  # fmt: skip
"""What a stolen login must not do: take accounts out, give rights, make colleagues, change how anybody signs in.
What takes a right away or ends a login is not here: it must not wait."""


class NotConfirmed(Exception):
    """Who asks for this has to show first that it is them. Raised inside the transaction, which it undoes."""


def audit(
    actor: User | None, action: str, session: Session | None = None, /, *, at: datetime | None = None, **details: Any
) -> None:
    """Call it inside the transaction that does the thing. ``action``: a dotted code, as "session.renamed"; ``at``: when
    it happened, if not now.

    ``details`` hold no secret, code, phone or message text. Raises NotConfirmed, in a browser's request: whoever has
    the shell has everything.
    """
    came_from = origin.current.get()
    if action in CONFIRMED_FIRST and came_from is not None and not came_from.confirmed():
        raise NotConfirmed
    audited.send(sender=None, actor=actor, action=action, session=session, details=details, at=at)
