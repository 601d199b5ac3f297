"""What a handler of commands is: its declarations, what it is given, what it gives back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from apps.sessions.services.leases import Held
from tgadmin.core.errors import TelegramError
from tgadmin.gateway.claim import Claimed

if TYPE_CHECKING:
    from tgadmin.gateway.account import Account
    from tgadmin.gateway.context import Gateway

Effect = Callable[[], None]
Payload = Mapping[str, Any]


class Rule(Enum):
    """What to do about a command whose outcome is unknown (PROTOCOLS: once, whatever dies)."""

    REPEAT = auto()
    """Doing it twice is the same as once."""
    LOOK = auto()
    """The handler looks first (``Job.unknown``), then repeats."""
    DROP = auto()
    """It is worth nothing later."""


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


@dataclass(slots=True)
class Job:
    """A claimed command on its way. ``until_settled`` is left after the command has been settled."""

    command: Claimed
    held: Held
    gateway: Gateway
    connected: Account | None
    until_settled: AsyncExitStack = field(default_factory=AsyncExitStack)
    limit: asyncio.Timeout | None = None

    def progress(self, seconds: float) -> None:
        """The handler has come further: it may take so long again."""
        if self.limit is not None and not self.limit.expired():
            self.limit.reschedule(asyncio.get_running_loop().time() + seconds)

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
    """One kind of command.

    ``timeout``: seconds without ``Job.progress`` after which it counts as stuck. ``methods`` are Telegram's names of
    what it calls: the flood ledger is asked for them. ``failed`` and ``waits`` tell the rest of the program, inside the
    settle transaction; ``denied`` does so in place of ``failed``, with a sentence, when whoever asked lacks the right.
    ``look``, of a LOOK kind whose asker lacks it while the outcome is unknown: what has become of it, without doing it
    once more; raises TelegramError (REFUSED_RIGHT) if nothing has. ``obeys_waits``: a flood wait is waited for here;
    else it is the command's answer. ``patient``: a connection that cannot be made is waited for; else it is the answer
    once the tries are used up. ``slow`` kinds have places of their own, so that they hold nobody up.
    """

    kind: str
    run: Callable[[Job], Awaitable[Done]]
    rule: Rule
    methods: tuple[str, ...] = ()
    timeout: float = 25.0
    slow: bool = False
    needs_account: bool = True
    obeys_waits: bool = True
    patient: bool = True
    tries: int = 8
    failed: Callable[[Payload, str, int | None], None] = field(default=_nothing)
    waits: Callable[[Payload, datetime, str], None] = field(default=_not_shown)
    denied: Callable[[Payload, str], None] | None = None
    look: Callable[[Job], Awaitable[Done]] | None = None
