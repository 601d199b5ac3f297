"""What cannot be read is found and set aside, so that it does not stand in the way of everything else."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import psycopg
from django.db import InterfaceError, OperationalError

from tgadmin.core.faults import describe

log = logging.getLogger(__name__)

AWAY = (psycopg.OperationalError, psycopg.InterfaceError, OperationalError, InterfaceError, OSError)
"""The database does not answer, or not in time: nothing is wrong with what was asked for."""
SLOW = (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)
ASIDE = 10.0
"""Seconds after which it is tried again."""

Found = TypeVar("Found")


def is_away(error: BaseException) -> bool:
    """Whether asking again soon may help: not when it was the question that took too long."""
    return isinstance(error, AWAY) and not isinstance(error, SLOW) and not isinstance(error.__cause__, SLOW)


class Bad:
    """Of one kind of thing, ``what``, by its row id."""

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._clock = clock
        self._until: dict[int, float] = {}

    def without(self, keys: Mapping[int, Found]) -> dict[int, Found]:
        """Those that are not set aside now."""
        now = self._clock()
        return {key: value for key, value in keys.items() if self._until.get(key, now) <= now}

    def set_aside(self, key: int, error: Exception) -> None:
        if key not in self._until:
            log.error("%s %s cannot be read and is left out: %s", self._what, key, describe(error))
        self._until[key] = self._clock() + ASIDE

    def __contains__(self, key: int) -> bool:
        return key in self._until

    async def read(
        self, ask: Callable[[dict[int, Any]], Awaitable[dict[int, Found]]], keys: Mapping[int, Any]
    ) -> dict[int, Found]:
        """What ``ask`` gives for these: all in one question, or, when that fails, in halves, until those are found for
        which it fails. Raises what says that the database is away."""
        wanted = dict(keys)
        if not wanted:
            return {}
        try:
            found = await ask(wanted)
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001  whatever is wrong with one must not harm the others
            if len(wanted) == 1:
                self.set_aside(next(iter(wanted)), error)
                return {}
        else:
            for key in wanted if self._until else ():
                self._until.pop(key, None)
            return found
        order = list(wanted)
        middle = len(order) // 2
        first = await self.read(ask, {key: wanted[key] for key in order[:middle]})
        return first | await self.read(ask, {key: wanted[key] for key in order[middle:]})
