"""What is to be told later: who did what. Kept by apps above this one, in the same transaction."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from apps.sessions.models import Session
from apps.sessions.signals import audited


def audit(actor: User | None, action: str, session: Session | None = None, /, **details: Any) -> None:
    """Call it inside the transaction that does the thing. ``action``: a dotted code, as "session.renamed".

    ``details`` hold no secret, code, phone or message text.
    """
    audited.send(sender=None, actor=actor, action=action, session=session, details=details)
