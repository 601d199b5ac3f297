"""Removes the rows of gateways that have been dead for an hour, of whatever network.

The database's clock says which ones may be; that they are, is watched on our own. So neither a host's wrong clock nor
a jump of the database's removes a gateway that lives: its heartbeat moves while we watch.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import structlog

from apps.commands.services.leases import TAKE_OVER_SECONDS
from apps.common.notify import SESSIONS
from tgadmin.gateway.database import application_name
from tgadmin.gateway.ownership.lease import END_CONNECTIONS, OLD, RETIRE, SILENT, Connection

log = structlog.get_logger(__name__)

OLD_SECONDS = 3600.0
POLL_SECONDS = TAKE_OVER_SECONDS + 1.0
"""Two looks are so far apart at least: what has not moved between them may be taken over anyway."""


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    seen: dict[UUID, int]


class OldNodes:
    """``look`` is called at every scan; it asks the database once in POLL_SECONDS."""

    def __init__(self) -> None:
        self._last: _Look | None = None

    async def look(self, conn: Connection, me: UUID, now: float) -> int:
        """Remove what was old at the last look and has not moved since, never ``me``; returns how many. ``now`` is of
        our monotonic clock. Raises psycopg.Error."""
        last = self._last
        if last is not None and now - last.at < POLL_SECONDS:
            return 0
        found = await conn.execute(OLD, (OLD_SECONDS, me), prepare=True)
        self._last = _Look(now, dict(await found.fetchall()))
        gone = [] if last is None else sorted(last.seen.items() & self._last.seen.items())
        removed = [await self._remove(conn, node, heartbeat) for node, heartbeat in gone]
        return sum(removed)

    async def _remove(self, conn: Connection, node: UUID, heartbeat: int) -> bool:
        """Leases that it still has are of sessions that nobody wants just now: they are free from here on."""
        async with conn.transaction():
            silent = await conn.execute(SILENT, (node, heartbeat))
            if await silent.fetchone() is None:
                return False
            await conn.execute(END_CONNECTIONS, (application_name(node),))
            await conn.execute(RETIRE, {"node": node, "channel": SESSIONS})
            await conn.execute("DELETE FROM gateway_nodes WHERE id = %s", (node,))
        log.info("an old gateway removed", node=str(node))
        return True
