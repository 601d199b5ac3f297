"""What the data centre has seen: every connection and every use of a key, for tests to look at. Never message text."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

MAX_ENTRIES = 100_000


@dataclass(slots=True)
class ConnectionRecord:
    """One TCP connection; ``closed`` is None while it is open. Times are unix seconds, key ids unsigned.

    ``first`` and ``last`` are the places of its encrypted packets among all that came in, 0 while there were none.
    """

    number: int
    source: str
    dc_id: int
    opened: float
    key_id: int | None = None
    closed: float | None = None
    why: str | None = None
    first: int = 0
    last: int = 0

    @property
    def address(self) -> str:
        return self.source.rpartition(":")[0]


@dataclass(slots=True)
class Use:
    """One API request: which method, with which key, in which session, over which connection."""

    at: float
    method: str
    key_id: int
    user_id: int | None
    session_id: int
    connection: int


class Record:
    """The last 100,000 connections and uses, oldest first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.connections: deque[ConnectionRecord] = deque(maxlen=MAX_ENTRIES)
        self.uses: deque[Use] = deque(maxlen=MAX_ENTRIES)
        self._open: dict[int, ConnectionRecord] = {}
        self._packets = 0
        self._heard: dict[str, float] = {}

    def opened(self, number: int, source: str, dc_id: int) -> None:
        entry = ConnectionRecord(number, source, dc_id, self._clock())
        self._open[number] = entry
        self.connections.append(entry)

    def keyed(self, number: int, key_id: int) -> None:
        self._open[number].key_id = key_id

    def heard(self, number: int) -> None:
        """An encrypted packet came in."""
        self._packets += 1
        entry = self._open[number]
        entry.first = entry.first or self._packets
        entry.last = self._packets
        self._heard[entry.address] = self._clock()

    def heard_from(self, address: str) -> float:
        """When the last encrypted packet came from there (unix seconds), 0 if none ever did."""
        return self._heard.get(address, 0.0)

    def two_owners(self) -> list[tuple[ConnectionRecord, ConnectionRecord]]:
        """Where a key had two owners at once: pairs of its connections, from two addresses, of which the older one
        still said something after the newer one's first packet. Every packet counts, not requests alone."""
        by_key: dict[int, list[ConnectionRecord]] = {}
        for entry in self.connections:
            if entry.key_id is not None and entry.first:
                by_key.setdefault(entry.key_id, []).append(entry)
        found: list[tuple[ConnectionRecord, ConnectionRecord]] = []
        for entries in by_key.values():
            last: dict[str, ConnectionRecord] = {}  # of each address, the connection that was heard last
            for newer in sorted(entries, key=lambda entry: entry.first):
                found += [
                    (older, newer)
                    for address, older in last.items()
                    if address != newer.address and older.last > newer.first
                ]
                before = last.get(newer.address)
                if before is None or before.last < newer.last:
                    last[newer.address] = newer
        return found

    def closed(self, number: int, why: str) -> None:
        entry = self._open.pop(number)
        entry.closed, entry.why = self._clock(), why

    def used(self, method: str, key_id: int, user_id: int | None, session_id: int, connection: int) -> None:
        self.uses.append(Use(self._clock(), method, key_id, user_id, session_id, connection))

    def open_connections(self, key_id: int | None = None) -> list[ConnectionRecord]:
        """The connections that are open now, of one key if given."""
        return [entry for entry in self._open.values() if key_id is None or entry.key_id == key_id]

    def uses_of(self, method: str | None = None, key_id: int | None = None, user_id: int | None = None) -> list[Use]:
        """The uses that match what is given."""
        return [
            use
            for use in self.uses
            if (method is None or use.method == method)
            and (key_id is None or use.key_id == key_id)
            and (user_id is None or use.user_id == user_id)
        ]

    def clear(self) -> None:
        """Forget all uses and all closed connections."""
        self.uses.clear()
        self.connections.clear()
        self.connections.extend(self._open.values())

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON-able lists."""
        return {
            "connections": [asdict(entry) for entry in self.connections],
            "uses": [asdict(use) for use in self.uses],
        }
