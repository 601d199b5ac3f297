"""Leases of sessions: which gateway may act for one, and the fence that every write of a gateway is checked against.

The protocol is described in ARCHITECTURE.md; here are its synchronous parts, used inside transactions.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

LEASE_SECONDS = 3.0
"""L: a holder acts no longer than this after the start of its last successful beat."""
DISCONNECT_SECONDS = 5.0
"""D: Telegram closes a connection on which nothing came for so long (ping_delay_disconnect)."""
TAKE_OVER_SECONDS = LEASE_SECONDS + DISCONNECT_SECONDS + 1.0
"""How long a taker watches an unchanged beat, on its own monotonic clock, before it takes over."""


class LeaseLost(Exception):  # noqa: N818  what happened, not a mistake
    """The session is no longer this gateway's: nothing may be written for it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as its holder knows it: good as long as the row still says the same."""

    session_id: int
    fence: int
    node_id: UUID


def hold(held: Held) -> None:
    """Check the lease and keep it from being taken over until this transaction ends. Raises LeaseLost."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM telegram_leases WHERE session_id = %s AND owner_id = %s AND fence = %s FOR SHARE",
            [held.session_id, held.node_id, held.fence],
        )
        if cursor.fetchone() is None:
            raise LeaseLost(f"session {held.session_id} is not held under fence {held.fence}")
