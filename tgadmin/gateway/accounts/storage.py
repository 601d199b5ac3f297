"""What connecting accounts read and say in the database: for many at once, one transaction each way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import InterfaceError, OperationalError

from apps.commands.services.leases import Held
from apps.sessions.models import SessionStatus
from apps.sessions.services.status import Change
from tgadmin.gateway.accounts import handover, state
from tgadmin.gateway.accounts.batcher import Batcher
from tgadmin.gateway.threads import Threads

AWAY = (OperationalError, InterfaceError)
"""The database's own trouble: it is not one session's."""


class Storage:
    """Reads and writes accounts' states for the whole gateway; calls that come together share a transaction."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._loading = Batcher(self._load, common=AWAY)
        self._saying = Batcher(self._say, common=AWAY)

    async def load(self, session_id: int, authorization_id: int) -> state.Stored:
        """Raises NothingToConnect, and DecryptionError when no configured key decrypts the secret."""
        return await self._loading((session_id, authorization_id))

    async def say(self, held: Held, to: SessionStatus, code: str = "", retry_at: datetime | None = None) -> None:
        """How the session's connection is. Raises LeaseLost: then it is somebody else's to say."""
        change = Change(held.session_id, to, code, retry_at)
        if not await self._saying((held, change)):
            await self._threads.run(handover.change, held, change)

    async def _load(self, wanted: Sequence[tuple[int, int]]) -> list[state.Stored | Exception]:
        return await self._threads.run(state.load_all, wanted)

    async def _say(self, said: Sequence[tuple[Held, Change]]) -> list[bool]:
        written = await self._threads.run(handover.change_all, said)
        return [held in written for held, _ in said]
