"""What to do about a command that Telegram refused, or that did not reach it: a decision as data, taken without any
I/O.

The bus carries it out (bus.py). What an error code means is said by the error table (``core.errors.table``),
what may be done twice by each kind's rule (``CommandSpec.rule``).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from apps.commands.command_kinds import CommandSpec, Rule
from tgadmin.core.errors import PROXY_CODES, Action, Kind, TelegramError

LONGEST_PAUSE = 60.0

NOT_ITS_FAULT = frozenset(
    {"CONNECTION_LOST", "SOCKET_DEAD", "CONNECTION_FAILED", "CONNECTION_REFUSED_BY_LEASE", "TRANSPORT_FLOOD"}
    | PROXY_CODES
)
"""A connection that breaks uses up no command's tries: it waits for the next one."""


@dataclass(frozen=True, slots=True)
class Succeed:
    """What was asked for is so already."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Nobody needs it any more."""

    code: str


@dataclass(frozen=True, slots=True)
class Fail:
    """It is given up. ``seconds``: when Telegram would take it. ``ends_account``: so is the account's connection."""

    code: str
    seconds: int | None = None
    ends_account: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Telegram did not do it, and named the seconds after which it would. That uses up none of its tries. ``method``:
    the request that is limited; empty if the error does not say."""

    code: str
    seconds: int
    method: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Nobody knows whether it was done; it is tried again. ``counts``: that this was one of its tries."""

    code: str
    seconds: float
    counts: bool


Decision = Succeed | Drop | Fail | Wait | Retry


def decide(
    spec: CommandSpec, attempts: int, error: TelegramError, *, chance: Callable[[], float] = random.random
) -> Decision:
    """``attempts``: tries so far, this one included. ``chance`` gives numbers from 0 to 1."""
    action = error.disposition.action
    if action is Action.SUCCESS:
        return Succeed()
    if action is Action.WAIT and error.seconds is not None and spec.obeys_waits:
        return Wait(error.code, error.seconds, error.method)
    if action is Action.RESTART_SIGN_IN:  # AUTH_RESTART is a 500, yet asking again is the person's to do
        return Fail(error.code, error.seconds)
    if action in (Action.RETRY, Action.MIGRATE) or error.kind in (Kind.RETRY, Kind.NETWORK):
        return retry(spec, attempts, error.code, pause(attempts, chance))
    return Fail(error.code, error.seconds, ends_account=action is Action.STOP and spec.needs_account)


def retry(spec: CommandSpec, attempts: int, code: str, seconds: float) -> Decision:
    """The outcome is unknown: by the kind's rule it is dropped, or tried again until its tries are used up."""
    not_its_fault = code in NOT_ITS_FAULT
    if spec.rule is Rule.DROP:
        return Drop(code)
    # A proxy that a person has just chosen: it is theirs to try again, or to choose another.
    if code in PROXY_CODES and not spec.patient:
        return Fail(code)
    if attempts >= spec.tries and not (not_its_fault and spec.patient):
        return Fail(code)
    return Retry(code, seconds, counts=not (not_its_fault and spec.needs_account))


def pause(attempts: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds before a command is tried again: 0.5, 1, 2, 4 … 60, ±20 %."""
    return min(LONGEST_PAUSE, 0.5 * 2.0 ** min(16, max(0, attempts - 1))) * (0.8 + 0.4 * chance())
