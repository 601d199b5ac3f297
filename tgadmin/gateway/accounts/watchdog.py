"""Looks for accounts whose updates are stuck although their connection stands, names it, and has them connect again.

What else can stand still is told apart elsewhere: a dead socket by its unanswered pings (the wire), a stuck command by
its time limit (the bus), a stuck loop by the guard. A quiet account is none of these: it answers, and nothing is due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from apps.sessions.models import TimelineKind
from apps.sessions.services import timeline
from tgadmin.core.clock import Clock
from tgadmin.core.errors import TelegramError
from tgadmin.gateway.accounts.account import Account
from tgadmin.gateway.accounts.registry import Accounts

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
FAILED_ANSWERS = 5
"""So often in a row missed updates may be asked for in vain. One request's age is no sign: a living Telegram may need
long for a difference, and a dead connection is found out by its pings."""
STUCK_POLLS = 60
"""So often one update may be seen being worked at. Counted in our own polls: where the machine is too busy for the
loop, these are late as well."""
MOST = 64
"""What is stuck again after a new connection is given twice as much each time, up to so many times as much:
reconnecting does not help it. After CALM_SECONDS without trouble it begins again."""
CALM_SECONDS = 900.0


@dataclass(slots=True)
class _Patience:
    account: Account
    factor: int = 1
    restarted: float = 0.0
    at_work: int | None = None
    polls: int = 0

    def stuck(self) -> dict[str, int]:
        """What shows that the account is stuck, for its timeline; empty: it is not."""
        at_work, failed = self.account.at_work, self.account.failed_answers
        self.polls = self.polls + 1 if at_work is not None and at_work == self.at_work else 0
        self.at_work = at_work
        if failed >= FAILED_ANSWERS * self.factor:
            return {"failed_answers": failed}
        if self.polls >= STUCK_POLLS * self.factor:
            return {"seconds": round(self.polls * POLL_SECONDS)}
        return {}


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
        """Restart every account whose updates are stuck."""
        accounts = self._accounts.all()
        self._patience = {one: kept for one, kept in self._patience.items() if accounts.get(one) is kept.account}
        now = self._clock.monotonic()
        for session_id, account in accounts.items():
            patience = self._patience.setdefault(session_id, _Patience(account))
            if signs := patience.stuck():
                patience.factor, patience.restarted, patience.polls = min(MOST, patience.factor * 2), now, 0
                log.warning("updates stuck", session=session_id, **signs)
                self._note(timeline.note, session_id, TimelineKind.WATCHDOG, code="UPDATES_STUCK", **signs)
                account.restart(TelegramError("UPDATES_STUCK"))
            elif now - patience.restarted > CALM_SECONDS and not account.failed_answers:
                patience.factor = 1
