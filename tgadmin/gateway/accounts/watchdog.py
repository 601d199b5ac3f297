"""Looks for accounts whose updates are stuck although their connection stands, names it, and has them connect again.

What else can stand still is told apart elsewhere: a dead socket by its unanswered pings (the wire), a stuck command by
its time limit (the bus), a stuck loop by the guard. A quiet account is none of these: it answers, and nothing is due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from apps.sessions.models import TimelineKind
from apps.sessions.services import timeline
from tgadmin.core.clock import Clock
from tgadmin.core.errors import TelegramError
from tgadmin.gateway.accounts.account import Account
from tgadmin.gateway.accounts.registry import Accounts

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
STUCK_SECONDS = 12.0
LONGEST_SECONDS = 900.0
"""What is stuck again after a new connection is given twice as long each time: reconnecting does not help it. After so
long without trouble it begins again."""
KIND = "watchdog"


@dataclass(slots=True)
class _Patience:
    account: Account
    limit: float = field(default_factory=lambda: STUCK_SECONDS)
    restarted: float = 0.0


class Watchdog:
    """``note`` writes a line into a session's timeline, in its own time."""

    def __init__(self, accounts: Accounts, clock: Clock, note: Callable[..., None]) -> None:
        self._accounts = accounts
        self._clock = clock
        self._note = note
        self._patience: dict[int, _Patience] = {}

    async def run(self) -> None:
        """Check every POLL_SECONDS until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            self.check()

    def check(self) -> None:
        """Restart every account whose updates are overdue."""
        accounts = self._accounts.all()
        self._patience = {one: kept for one, kept in self._patience.items() if accounts.get(one) is kept.account}
        for session_id, account in accounts.items():
            patience = self._patience.setdefault(session_id, _Patience(account))
            overdue, now = account.overdue, self._clock.monotonic()
            if overdue == 0.0 and now - patience.restarted > LONGEST_SECONDS:
                patience.limit = STUCK_SECONDS
            if overdue > patience.limit:
                patience.limit, patience.restarted = min(LONGEST_SECONDS, patience.limit * 2), now
                log.warning("updates stuck", session=session_id, seconds=round(overdue))
                kind = TimelineKind.WATCHDOG
                self._note(timeline.note, session_id, kind, code="UPDATES_STUCK", seconds=round(overdue))
                account.restart(TelegramError("UPDATES_STUCK"))
