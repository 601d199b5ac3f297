"""What is kept of every table, and for how long: one decision for each, and the pruning that follows from it.

Each app declares the decisions about its tables in ``kept.py`` (and its neighbours' that no app of ours has);
a table without one fails tests/common/test_retention.py, which also holds docs/configuration.md to them.

Pruning takes small batches, each in a transaction of its own, in the order of an index. A row that somebody else has
locked is left for the next time, so pruning waits for nobody and nobody for long.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

BATCH = 1000
"""Rows that one transaction deletes."""
SECONDS_EACH = 4.0
"""For one table in one run: what is left then goes in the next. All together stay within the worker's 60 s."""
LONGEST = 36_500
"""Days: as long as anybody means, and still a date."""

Rows = QuerySet[Any]
Parts = Callable[[datetime], Iterable[Rows]]


@dataclass(frozen=True, slots=True)
class Decision:
    """Of the table called ``table``; ``why`` is a sentence for people."""

    table: str
    why: str

    @property
    def kept(self) -> str:
        """For how long, in words."""
        raise NotImplementedError

    def count(self, now: datetime) -> int:
        """How many rows would go."""
        return 0

    def prune(self, now: datetime, is_late: Callable[[], bool]) -> int:
        """Deletes what is no longer kept, until ``is_late``; how many rows went."""
        return 0


@dataclass(frozen=True, slots=True)
class Forever(Decision):
    """Rows stay as long as what they are about."""

    @property
    def kept(self) -> str:
        return "for good"


@dataclass(frozen=True, slots=True)
class Bounded(Decision):
    """The table does not grow with time: ``why`` says what bounds it."""

    @property
    def kept(self) -> str:
        return "as long as it is needed"


@dataclass(frozen=True, slots=True)
class Pruned(Decision):
    """Rows go so many days (``setting``; none: at once) after they have served. ``rows`` gives what is older than a
    time, in parts, each ordered by an index and without joins."""

    rows: Parts
    setting: str = ""
    unless: str = ""
    """What stays nevertheless, in words."""

    @property
    def kept(self) -> str:
        days = f"{getattr(settings, self.setting)} days (`{self.setting}`)" if self.setting else "until it is over"
        return f"{days}; {self.unless}" if self.unless else days

    def count(self, now: datetime) -> int:
        return sum(rows.count() for rows in self._parts(now))

    def prune(self, now: datetime, is_late: Callable[[], bool]) -> int:
        gone = 0
        for rows in self._parts(now):
            deleted = BATCH
            while deleted == BATCH and not is_late():
                deleted = _delete(rows)
                gone += deleted
        return gone

    def _parts(self, now: datetime) -> Iterator[Rows]:
        days = min(getattr(settings, self.setting), LONGEST) if self.setting else 0
        for rows in self.rows(now - timedelta(days=days)):
            yield _without_spared(self.table, rows)


@transaction.atomic
def _delete(rows: Rows) -> int:
    chosen = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH])
    if not chosen:
        return 0
    _, by_model = rows.model._default_manager.filter(pk__in=chosen).delete()
    return int(by_model.get(rows.model._meta.label, 0))


# --- the registry ---------------------------------------------------------------------------------------------------

_decisions: dict[str, Decision] = {}
_spared: dict[str, list[Callable[[Rows], Rows]]] = {}


def declare(*decisions: Decision) -> None:
    """Raises ValueError for a table that has a decision already."""
    for decision in decisions:
        if decision.table in _decisions:
            raise ValueError(f"{decision.table} has a decision already")
        _decisions[decision.table] = decision


def spare(table: str, still_needed: Callable[[Rows], Rows]) -> None:
    """Another app's objection: ``still_needed`` takes out of rows that would go those which that app has use for."""
    _spared.setdefault(table, []).append(still_needed)


def _without_spared(table: str, rows: Rows) -> Rows:
    for still_needed in _spared.get(table, ()):
        rows = still_needed(rows)
    return rows


def decisions() -> dict[str, Decision]:
    """By table, in its order."""
    return dict(sorted(_decisions.items()))


# --- pruning --------------------------------------------------------------------------------------------------------


def would_go(now: datetime | None = None) -> dict[str, int]:
    """How many rows of each table ``prune`` would delete now; those that are never pruned are absent."""
    now = now or timezone.now()
    return {table: decision.count(now) for table, decision in decisions().items() if _goes(decision)}


def prune(
    now: datetime | None = None, *, tables: Iterable[str] | None = None, clock: Callable[[], float] = time.monotonic
) -> dict[str, int]:
    """Deletes what is no longer kept of these tables, or of all; how many rows of each went."""
    now = now or timezone.now()
    gone: dict[str, int] = {}
    for table, decision in decisions().items():
        if _goes(decision) and (tables is None or table in tables):
            ends = clock() + SECONDS_EACH
            gone[table] = decision.prune(now, lambda ends=ends: clock() > ends)  # type: ignore[misc]
    return gone


def _goes(decision: Decision) -> bool:
    return not isinstance(decision, Forever | Bounded)
