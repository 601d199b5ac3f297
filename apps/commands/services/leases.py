"""Leases of sessions: which gateway may act for one, and the fence that every write of a gateway is checked against.

The protocol is described in ARCHITECTURE.md; here are its synchronous parts, used inside transactions.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from apps.common.notify import SESSIONS, notify

LEASE_SECONDS = 3.0
"""L: a holder acts no longer than this after the start of its last successful heartbeat."""
DISCONNECT_SECONDS = 5.0
"""D: Telegram closes a connection on which nothing came for so long (ping_delay_disconnect)."""
TAKE_OVER_SECONDS = LEASE_SECONDS + DISCONNECT_SECONDS + 1.0
"""How long a taker watches an unchanged heartbeat, on its own monotonic clock, before it takes over."""


class LeaseLost(Exception):
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


def hold_free(held: Collection[Held]) -> set[Held]:
    """The same for many, without waiting: those whose lease and session nobody else has locked just now. The session's
    row is locked too. Which of the others are lost, ``hold`` says."""
    columns: Any = [[one.session_id for one in held], [one.node_id for one in held], [one.fence for one in held]]
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_FREE, columns)
        return {Held(session_id, fence, node_id) for session_id, fence, node_id in cursor.fetchall()}


def give_back(node_id: UUID, session_ids: Collection[int]) -> None:
    """The node's leases of these sessions are free from the end of this transaction on, which tells all gateways."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE telegram_leases SET owner_id = NULL WHERE owner_id = %s AND session_id = ANY(%s)",
            [node_id, list(session_ids)],
        )
    notify(SESSIONS, 0)


def shut_out(session_id: int) -> None:
    """No gateway writes for the session until this transaction ends; waits for those that are at it just now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM telegram_leases WHERE session_id = %s FOR UPDATE", [session_id])


_HOLD_FREE = """
SELECT l.session_id, l.fence, l.owner_id
FROM unnest(%s::bigint[], %s::uuid[], %s::bigint[]) AS h(session_id, owner_id, fence)
JOIN telegram_leases l ON l.session_id = h.session_id AND l.owner_id = h.owner_id AND l.fence = h.fence
JOIN telegram_sessions s ON s.id = l.session_id
ORDER BY l.session_id FOR SHARE OF l SKIP LOCKED FOR NO KEY UPDATE OF s SKIP LOCKED
"""
