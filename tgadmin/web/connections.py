"""The connections of a web process: how many there are, for which of them we wait, and which have to go.

A connection either waits for its client (the rest of a request, the next one, an answer to be read) or is worked for.
When there are too many, the one that has kept us waiting longest gives way to the new one: half-sent requests keep
nobody out. One that is worked for is never ended in favour of another, and one of somebody who is signed in only when
there is no stranger's: a flood from an office's own address drops none of its staff's connections.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Protocol

from tgadmin.web.limits import Limits


class End(Enum):
    """Why a connection has to go."""

    LATE = auto()
    """What we waited for did not come in time."""
    SLOW = auto()
    """It does not read what it has asked for."""
    CROWDED = auto()
    """Others need its place, or the memory that it holds."""


class Wire(Protocol):
    """A connection's transport, as far as it matters here."""

    @property
    def pending(self) -> int:
        """Bytes that were written and that the system has yet to take."""

    @property
    def sent(self) -> int:
        """Bytes that the system has taken."""


class Connection:
    """One client's. Whoever speaks its protocol sets ``on_end``, and tells when it ``waits`` or is worked for."""

    def __init__(self, address: str, registry: Connections) -> None:
        self.address = address
        self.clock = registry.clock
        self.wire: Wire | None = None
        self.on_end: Callable[[End], None] = lambda reason: None
        self.deadline: float | None = None
        self.stored = 0
        self.is_known = False
        self.slow_since: float | None = None
        self.slow_sent = 0
        self._registry = registry

    def waits(self, seconds: float | None = None) -> None:
        """From now on we wait for the client, for so many seconds (None: until ``works``)."""
        self._registry.wait(self, seconds)

    def until(self, moment: float) -> None:
        """We go on waiting, until then."""
        self.deadline = moment

    def works(self) -> None:
        """From now on the client waits for us."""
        self._registry.work(self)

    def known(self) -> None:
        """Its client is signed in."""
        self._registry.know(self)

    def gone(self) -> None:
        """The connection is closed: its slot is free."""
        self._registry.remove(self)

    @property
    def pending(self) -> int:
        return self.wire.pending if self.wire is not None else 0


class Connections:
    """All of them. ``sweep`` has to be called every now and then (``clock`` in seconds)."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self.clock = clock
        self._all: set[Connection] = set()
        self._of: Counter[str] = Counter()
        self._known_of: Counter[str] = Counter()
        self._waiting: dict[Connection, None] = {}  # in the order in which the waiting began
        self.refused = 0
        """How many were refused or ended in favour of others since the server started."""

    def __len__(self) -> int:
        return len(self._all)

    def admit(self, address: str) -> Connection | None:
        """A slot for a new connection of this client (empty: of nobody in particular); None if there is none."""
        limits = self._limits
        of_address = limits.connections_per_address if address else 0
        if of_address and self._of[address] >= of_address and not self._make_room(address):
            return None
        if len(self._all) >= limits.connections and not self._make_room(None):
            return None
        connection = Connection(address, self)
        self._all.add(connection)
        self._count(connection, 1)
        connection.waits(limits.header_seconds)
        return connection

    def _make_room(self, address: str | None) -> bool:
        self.refused += 1
        longest = next(self._may_go(address, known=False), None) or next(self._may_go(address, known=True), None)
        if longest is not None:
            self._end(longest, End.CROWDED)
        return longest is not None

    def _may_go(self, address: str | None, *, known: bool) -> Iterator[Connection]:
        """Those that wait, the longest first. Of an address (None: of all): the known do not take strangers' slots."""
        for connection in self._waiting:
            if connection.is_known is known and (address is None or (connection.address == address and not known)):
                yield connection

    def know(self, connection: Connection) -> None:
        """From here on it is one of its address's known ones, of which there may be as many as of strangers'."""
        address = connection.address
        if connection.is_known or connection not in self._all:
            return
        if 0 < self._limits.connections_per_address <= self._known_of[address]:
            return
        self._count(connection, -1)
        connection.is_known = True
        self._count(connection, 1)

    def _count(self, connection: Connection, change: int) -> None:
        counter = self._known_of if connection.is_known else self._of
        counter[connection.address] += change
        if not counter[connection.address]:
            del counter[connection.address]

    def _end(self, connection: Connection, reason: End) -> None:
        if reason is not End.LATE:  # its slot is free at once; one that is late may be told so first
            self.remove(connection)
        connection.on_end(reason)

    def wait(self, connection: Connection, seconds: float | None) -> None:
        if connection in self._all:
            self._waiting.pop(connection, None)
            self._waiting[connection] = None
        connection.deadline = None if seconds is None else self.clock() + seconds

    def work(self, connection: Connection) -> None:
        self._waiting.pop(connection, None)
        connection.deadline = None

    def remove(self, connection: Connection) -> None:
        if connection not in self._all:
            return
        self._all.discard(connection)
        self._waiting.pop(connection, None)
        self._count(connection, -1)

    def sweep(self) -> None:
        """End those that are late or slow, and those that have kept us waiting longest if all hold too much."""
        now = self.clock()
        queued = stored = 0
        for connection in list(self._all):
            if connection.deadline is not None and now >= connection.deadline:
                connection.deadline = None
                self._end(connection, End.LATE)
                continue
            stored += connection.stored
            if not (pending := connection.pending):
                connection.slow_since = None
                continue
            queued += pending
            if self._is_slow(connection, now):
                connection.slow_since = None
                connection.on_end(End.SLOW)
        if queued > self._limits.queued:
            self._relieve(lambda connection: connection.pending, self._limits.queued)
        if stored > self._limits.stored:
            self._relieve(lambda connection: connection.stored, self._limits.stored)

    def _is_slow(self, connection: Connection, now: float) -> bool:
        """Of one that has something to read: whether it took less than it should have."""
        sent = connection.wire.sent if connection.wire is not None else 0
        if connection.slow_since is None:
            connection.slow_since, connection.slow_sent = now, sent
            return False
        limits = self._limits
        if now - connection.slow_since < limits.read_seconds:
            return False
        if sent - connection.slow_sent < limits.read_rate * limits.read_seconds:
            return True
        connection.slow_since, connection.slow_sent = now, sent
        return False

    def _relieve(self, held: Callable[[Connection], int], limit: int) -> None:
        holding = {connection: amount for connection in self._all if (amount := held(connection))}
        total = sum(holding.values())
        for connection in list(self._waiting):
            if total <= limit:
                return
            if connection in holding:
                total -= holding[connection]
                self._end(connection, End.CROWDED)
