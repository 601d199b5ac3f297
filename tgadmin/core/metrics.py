"""Counts and measurements of one process: a closed table of names, a registry, and its null twin.

Nothing here stores or shows anything. Whoever stores takes what was added since the last time (``Registry.delta``), and
keeps it until it is written: the registry has forgotten it then.

Labels have few values, known beforehand: a command's kind, Telegram's name of a method. Never an account, a chat, a
user or a text.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, TypeVar

BOUNDS_MS: Final = (
    *(1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 500, 750),
    *(1000, 1500, 2000, 3000, 5000, 10_000, 20_000),
)
"""Upper bounds of the buckets of a time in milliseconds. A limit that somebody is held to (100 ms, 500 ms, 2 s) is a
bound, so that "how many took longer" is exact."""
BOUNDS_CHANGES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
MAX_SERIES: Final = 500
"""Of one metric. What comes after has OTHER in all its labels: a label with too many values costs no memory."""
OTHER: Final = "other"


class MetricKind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class MetricName(StrEnum):
    """The values are names for dashboards and rules, so they never change. They are shown with ``tgadmin_`` before."""

    COMMANDS = "commands_total"
    COMMAND_MS = "command_ms"
    COMMANDS_RUNNING = "commands_running"
    FLOOD_WAITS = "flood_waits_total"
    FLOOD_SECONDS = "flood_seconds"
    UPDATES_RECEIVED = "updates_received_total"
    INBOX_WRITE_MS = "inbox_write_ms"
    INBOX_BATCH_CHANGES = "inbox_batch_changes"
    TELEGRAM_CONNECT_MS = "telegram_connect_ms"
    TELEGRAM_CONNECTIONS = "telegram_connections_total"


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """``unit`` is in the plural. ``labels`` are what every series of it has. ``bounds``: upper bounds of a histogram's
    buckets, in its unit and rising; one more bucket takes what is above the last."""

    kind: MetricKind
    unit: str
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[int, ...] = ()


_COUNTER, _GAUGE, _HISTOGRAM = MetricKind

METRICS: Mapping[MetricName, MetricSpec] = {
    MetricName.COMMANDS: MetricSpec(
        _COUNTER, "commands", "Commands that came to an end, and how.", labels=("kind", "state")
    ),
    MetricName.COMMAND_MS: MetricSpec(
        _HISTOGRAM,
        "milliseconds",
        "From the claim of a command to its end. Waits that Telegram asks for lie before the claim.",
        labels=("kind",),
        bounds=BOUNDS_MS,
    ),
    MetricName.COMMANDS_RUNNING: MetricSpec(_GAUGE, "commands", "Commands that the gateway works on at this moment."),
    MetricName.FLOOD_WAITS: MetricSpec(
        _COUNTER, "waits", "How often Telegram made a command wait, by the method asked for.", labels=("method",)
    ),
    MetricName.FLOOD_SECONDS: MetricSpec(
        _COUNTER, "seconds", "How long these waits were together.", labels=("method",)
    ),
    MetricName.UPDATES_RECEIVED: MetricSpec(
        _COUNTER,
        "changes",
        "Changes that were stored, pushed or fetched, by their type; a page of history is one.",
        labels=("kind",),
    ),
    MetricName.INBOX_WRITE_MS: MetricSpec(
        _HISTOGRAM, "milliseconds", "One transaction that stores a batch of changes.", bounds=BOUNDS_MS
    ),
    MetricName.INBOX_BATCH_CHANGES: MetricSpec(
        _HISTOGRAM, "changes", "Changes that one such transaction stores.", bounds=BOUNDS_CHANGES
    ),
    MetricName.TELEGRAM_CONNECT_MS: MetricSpec(
        _HISTOGRAM,
        "milliseconds",
        "From the first packet of an account's connection until updates can be followed.",
        labels=("dc", "proxied"),
        bounds=BOUNDS_MS,
    ),
    MetricName.TELEGRAM_CONNECTIONS: MetricSpec(
        _COUNTER, "connections", "Connections of accounts that Telegram has accepted.", labels=("dc", "proxied")
    ),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One series: all counts of a metric with the same labels. ``labels`` are in the order of its MetricSpec.

    ``value``: what a counter has counted, what a gauge stands at, how many observations a histogram has. ``total`` and
    ``highest`` are the sum and the largest of these; ``buckets`` has one number for each bound and one for what is
    above.
    """

    name: MetricName
    labels: tuple[tuple[str, str], ...]
    value: float
    total: float = 0
    highest: float = 0
    buckets: tuple[int, ...] = ()


class Counter(Protocol):
    def inc(self, by: float = 1) -> None:
        """Count ``by`` more; never less."""


class Gauge(Protocol):
    def set(self, value: float) -> None:
        """It stands at ``value`` now."""


class Histogram(Protocol):
    def observe(self, value: float) -> None:
        """One more measurement, in the metric's unit, 0 or more."""


class Metrics(Protocol):
    """Either twin. A series is looked up once and kept: the look-up costs more than the count. The look-ups raise
    ValueError for a metric of another kind and for labels that are not the metric's own."""

    def counter(self, name: MetricName, /, **labels: str) -> Counter: ...

    def gauge(self, name: MetricName, /, **labels: str) -> Gauge: ...

    def histogram(self, name: MetricName, /, **labels: str) -> Histogram: ...

    def delta(self) -> list[Sample]:
        """What counters and histograms have gained since the last call. Gauges have no delta."""

    def snapshot(self) -> list[Sample]:
        """Every series as it stands: counters and histograms since the process began."""


# --- the registry ----------------------------------------------------------------------------------------------------

_Key = tuple[MetricName, tuple[str, ...]]
_S = TypeVar("_S", bound="_Series")


class _Series(ABC):
    __slots__ = ("_lock", "labels", "name")

    def __init__(self, registry: Registry, key: _Key) -> None:
        self.name, values = key
        self.labels = tuple(zip(METRICS[self.name].labels, values, strict=True))
        self._lock = registry.lock

    @abstractmethod
    def read(self) -> Sample:
        """As it stands. The caller holds the lock."""


class _Growing(_Series):
    """A series with a delta. It puts itself on the registry's list of changes, so that ``delta`` need not walk all."""

    __slots__ = ("_changed", "_is_listed")

    def __init__(self, registry: Registry, key: _Key) -> None:
        super().__init__(registry, key)
        self._changed, self._is_listed = registry.changed, False

    def _list(self) -> None:
        if not self._is_listed:
            self._is_listed = True
            self._changed.append(self)

    @abstractmethod
    def take(self) -> Sample:
        """What it gained since the last time. The caller holds the lock, and takes it off the list."""


class _Counter(_Growing):
    __slots__ = ("_before", "_new")

    def __init__(self, registry: Registry, key: _Key) -> None:
        super().__init__(registry, key)
        self._new: float = 0
        self._before: float = 0

    def inc(self, by: float = 1) -> None:
        if by < 0:
            raise ValueError(f"{self.name} counts upwards only")
        with self._lock:
            self._new += by
            self._list()

    def take(self) -> Sample:
        new, self._new, self._is_listed = self._new, 0, False
        self._before += new
        return Sample(self.name, self.labels, new)

    def read(self) -> Sample:
        return Sample(self.name, self.labels, self._before + self._new)


class _Gauge(_Series):
    __slots__ = ("_value",)

    def __init__(self, registry: Registry, key: _Key) -> None:
        super().__init__(registry, key)
        self._value: float = 0

    def set(self, value: float) -> None:
        with self._lock:
            self._value = value

    def read(self) -> Sample:
        return Sample(self.name, self.labels, self._value)


class _Counts:
    """A histogram's numbers over a time."""

    __slots__ = ("buckets", "count", "highest", "total")

    def __init__(self, size: int) -> None:
        self.count = 0
        self.total: float = 0
        self.highest: float = 0
        self.buckets = [0] * size

    def add(self, other: _Counts) -> None:
        self.count += other.count
        self.total += other.total
        self.highest = max(self.highest, other.highest)
        self.buckets = [one + more for one, more in zip(self.buckets, other.buckets, strict=True)]


class _Histogram(_Growing):
    __slots__ = ("_before", "_bounds", "_new")

    def __init__(self, registry: Registry, key: _Key) -> None:
        super().__init__(registry, key)
        self._bounds = METRICS[self.name].bounds
        self._new, self._before = self._empty(), self._empty()

    def observe(self, value: float) -> None:
        bucket = bisect_left(self._bounds, value)
        with self._lock:
            new = self._new
            new.buckets[bucket] += 1
            new.count += 1
            new.total += value
            new.highest = max(new.highest, value)
            self._list()

    def take(self) -> Sample:
        new, self._new, self._is_listed = self._new, self._empty(), False
        self._before.add(new)
        return self._sample(new)

    def read(self) -> Sample:
        counts = self._empty()
        counts.add(self._before)
        counts.add(self._new)
        return self._sample(counts)

    def _empty(self) -> _Counts:
        return _Counts(len(self._bounds) + 1)

    def _sample(self, counts: _Counts) -> Sample:
        return Sample(self.name, self.labels, counts.count, counts.total, counts.highest, tuple(counts.buckets))


class Registry:
    """The metrics of this process. Every method, and those of the series, may be called from any thread."""

    def __init__(self) -> None:
        # Reentrant: a callback of the garbage collector may count something while this very thread holds the lock.
        self.lock = threading.RLock()
        self.changed: list[_Growing] = []
        self._series: dict[_Key, _Series] = {}
        self._sizes: dict[MetricName, int] = {}

    def counter(self, name: MetricName, /, **labels: str) -> Counter:
        return self._find(name, _Counter, labels)

    def gauge(self, name: MetricName, /, **labels: str) -> Gauge:
        return self._find(name, _Gauge, labels)

    def histogram(self, name: MetricName, /, **labels: str) -> Histogram:
        return self._find(name, _Histogram, labels)

    def delta(self) -> list[Sample]:
        """See Metrics. Whoever could not write it away has to try again with the same one."""
        with self.lock:
            taken = self.changed[:]
            del self.changed[: len(taken)]  # first: what a callback counts from now on is of the next delta
            return [series.take() for series in taken]

    def snapshot(self) -> list[Sample]:
        """See Metrics."""
        with self.lock:
            return [series.read() for series in list(self._series.values())]

    def _find(self, name: MetricName, kind: type[_S], labels: Mapping[str, str]) -> _S:
        key = (name, _values(name, _KINDS[kind], labels))
        with self.lock:
            found = self._series.get(key)
            if found is None:
                if self._sizes.get(name, 0) >= MAX_SERIES:
                    key = (name, (OTHER,) * len(labels))
                found = self._series.get(key) or self._add(key, kind)
        assert isinstance(found, kind)  # noqa: S101  the key's name has one kind: _values has seen to it
        return found

    def _add(self, key: _Key, kind: type[_S]) -> _S:
        series = self._series[key] = kind(self, key)
        self._sizes[key[0]] = self._sizes.get(key[0], 0) + 1
        return series


_KINDS: Mapping[type[_Series], MetricKind] = {_Counter: _COUNTER, _Gauge: _GAUGE, _Histogram: _HISTOGRAM}


def _values(name: MetricName, kind: MetricKind, labels: Mapping[str, str]) -> tuple[str, ...]:
    """The labels' values in the order of the table. Raises ValueError."""
    spec = METRICS[name]
    if spec.kind is not kind:
        raise ValueError(f"{name} is a {spec.kind}, not a {kind}")
    if labels.keys() != set(spec.labels):
        raise ValueError(f"{name} has the labels {spec.labels}, not {tuple(labels)}")
    return tuple(labels[label] for label in spec.labels)


# --- its null twin ---------------------------------------------------------------------------------------------------


class _NullSeries:
    """Counts nothing."""

    def inc(self, by: float = 1) -> None:
        pass

    def set(self, value: float) -> None:
        pass

    def observe(self, value: float) -> None:
        pass


_NULL_SERIES = _NullSeries()


class NullRegistry:
    """Takes everything and keeps nothing. It refuses what the registry would refuse, so that tests find it."""

    def counter(self, name: MetricName, /, **labels: str) -> Counter:
        _values(name, _COUNTER, labels)
        return _NULL_SERIES

    def gauge(self, name: MetricName, /, **labels: str) -> Gauge:
        _values(name, _GAUGE, labels)
        return _NULL_SERIES

    def histogram(self, name: MetricName, /, **labels: str) -> Histogram:
        _values(name, _HISTOGRAM, labels)
        return _NULL_SERIES

    def delta(self) -> list[Sample]:
        return []

    def snapshot(self) -> list[Sample]:
        return []
