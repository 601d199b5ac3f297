"""What a handler of commands is: its functions, what it is given, what it gives back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.commands.command_kinds import CommandKind, CommandSpec
from apps.commands.services import commands
from apps.commands.services.leases import Held
from tgadmin.core.clock import Clock
from tgadmin.core.errors import TelegramError
from tgadmin.core.metrics import Metrics
from tgadmin.gateway.accounts.account import Account
from tgadmin.gateway.accounts.registry import Accounts
from tgadmin.gateway.accounts.signins import SignIns
from tgadmin.gateway.bell import Bell
from tgadmin.gateway.commands.claim import Claimed
from tgadmin.gateway.ownership.lease import Leases
from tgadmin.gateway.threads import Threads
from tgadmin.telegram import Network

Effect = Callable[[], None]
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """The command succeeded. ``effect`` runs in the transaction that settles it, after the lease was checked."""

    result: Any = None
    effect: Effect | None = None


class TryLater(Exception):
    """The handler cannot tell yet: come back after ``seconds``, with the outcome still unknown."""

    def __init__(self, seconds: float, code: str) -> None:
        super().__init__(code)
        self.seconds, self.code = seconds, code


@dataclass(frozen=True, slots=True)
class Tools:
    """What handlers may use besides the job's own account. ``bell``: there is another command to claim."""

    network: Network
    leases: Leases
    threads: Threads
    accounts: Accounts
    signins: SignIns
    bell: Bell
    clock: Clock
    metrics: Metrics


@dataclass(slots=True)
class Job:
    """A claimed command on its way. ``started``: by the clock's ``monotonic``. ``until_settled`` is left after the
    command has been settled."""

    command: Claimed
    kind: CommandKind
    spec: CommandSpec
    held: Held
    tools: Tools
    connected: Account | None
    started: float
    until_settled: AsyncExitStack = field(default_factory=AsyncExitStack)
    limit: asyncio.Timeout | None = None

    async def keep_progress(self, progress: Mapping[str, Any]) -> None:
        """The next try goes on from there, in whichever process; this one may take its kind's ``timeout`` again."""
        await self.tools.threads.run(commands.keep_progress, self.command.id, self.command.fence, progress)
        self.progress()

    def progress(self) -> None:
        """The handler has come further: it may take its kind's ``timeout`` again."""
        if self.limit is not None and not self.limit.expired():
            self.limit.reschedule(asyncio.get_running_loop().time() + self.spec.timeout)

    @property
    def payload(self) -> Payload:
        return self.command.payload

    @property
    def unknown(self) -> bool:
        return self.command.unknown

    @property
    def account(self) -> Account:
        """The account, as long as it is connected. Raises TelegramError (CONNECTION_LOST)."""
        if self.connected is None:  # it was when the command was claimed
            raise TelegramError("CONNECTION_LOST")
        return self.connected


def _nothing(payload: Payload, code: str, seconds: int | None) -> None:
    return None


def _not_shown(payload: Payload, until: datetime, code: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Handler:
    """The functions of one kind of command; what is declared about the kind stands in command_kinds.SPECS.

    ``run`` does the work. ``failed`` and ``waits`` tell the rest of the program, inside the settle transaction;
    ``denied`` does so in place of ``failed``, with a sentence, when whoever asked lacks the right. ``check``, of a LOOK
    kind whose asker lacks it while the outcome is unknown: what has become of it, without doing it once more; raises
    TelegramError (REFUSED_RIGHT) if nothing has.
    """

    run: Callable[[Job], Awaitable[Done]]
    failed: Callable[[Payload, str, int | None], None] = field(default=_nothing)
    waits: Callable[[Payload, datetime, str], None] = field(default=_not_shown)
    denied: Callable[[Payload, str], None] | None = None
    check: Callable[[Job], Awaitable[Done]] | None = None
