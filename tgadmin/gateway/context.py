"""What the parts of the gateway share: one object of this exists per process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tgadmin.core.clock import Clock
from tgadmin.gateway.entrance import Entrance
from tgadmin.gateway.lease import Leases
from tgadmin.gateway.storage import Storage
from tgadmin.gateway.threads import Threads
from tgadmin.gateway.wake import Wake
from tgadmin.telegram.network import Network

if TYPE_CHECKING:
    from tgadmin.gateway.account import Account
    from tgadmin.gateway.inbox import Writers
    from tgadmin.gateway.signins import SignIns


async def _nothing(session_id: int) -> None:
    return None


@dataclass(slots=True)
class Gateway:
    """``accounts`` are the sessions that are being connected here; ``wake_bus`` and ``wake_supervisor`` make the two
    look at once."""

    network: Network
    leases: Leases
    threads: Threads
    storage: Storage
    wake: Wake
    clock: Clock
    random: Callable[[], float]
    writers: Writers
    signins: SignIns
    entrance: Entrance
    accounts: dict[int, Account] = field(default_factory=dict)
    wake_bus: Callable[[], None] = lambda: None
    wake_bus_soon: Callable[[], None] = lambda: None
    bus_forget: Callable[[int], None] = lambda session_id: None
    bus_finish: Callable[[int], Awaitable[None]] = _nothing
    bus_busy: Callable[[int], bool] = lambda session_id: False
    wake_supervisor: Callable[[], None] = lambda: None
    blocked: dict[int, int] = field(default_factory=dict)
    """Sessions whose account must not be connected just now, with how many say so."""
    stop_account: Callable[[int], Awaitable[None]] = _nothing

    @contextlib.asynccontextmanager
    async def without_account(self, session_id: int) -> AsyncIterator[None]:
        """The session's account is disconnected while this lasts: its key is used by somebody else."""
        self.blocked[session_id] = self.blocked.get(session_id, 0) + 1
        try:
            await self.stop_account(session_id)
            yield
        finally:
            self.blocked[session_id] -= 1
            if not self.blocked[session_id]:
                del self.blocked[session_id]
            self.wake_supervisor()

    def connected(self, session_id: int) -> Account | None:
        """The session's account if it is connected and has caught up."""
        account = self.accounts.get(session_id)
        return account if account is not None and account.is_ready else None
