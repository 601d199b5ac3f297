"""Deletes an account here, with all that belongs to it, while others may still be writing for it.

First its lease is locked: that waits for what a gateway is just storing, and whatever a gateway wants to store later
is refused, since every such transaction begins with the lease.
Then Django's deletion goes from the children upwards, the order in which everybody locks.
What was committed behind its back meanwhile, by whoever, the database takes along (apps/common/cascades.py); what
comes later finds nothing to belong to.
"""

from __future__ import annotations

from apps.commands.services import leases
from apps.common.notify import EVENTS, SESSIONS, notify
from apps.sessions.models import Session


def stop(session_id: int) -> None:
    """Until this transaction ends no gateway writes for the session; once it is deleted, none ever does."""
    leases.shut_out(session_id)


def delete(session: Session) -> None:
    """Inside a transaction. Gateways and pages hear of it when that commits."""
    session_id = session.pk
    stop(session_id)
    session.delete()
    notify(SESSIONS, session_id)
    notify(EVENTS, session_id)
