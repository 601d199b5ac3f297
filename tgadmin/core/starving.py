"""Whether a pool of database connections is dead: nobody gets a connection of it, although the database answers others.

That is to be told from a database that is down for everybody, where a restart helps nobody, and from a pool whose
connections are all at work, where patience does. Pure: whoever looks says what was seen and when.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

LIMIT = 30.0
"""Seconds without a connection after which the pool is dead."""
WORRY = 10.0
"""Seconds after which the process says that it is not ready."""
PAUSE = 5.0
"""Seconds between two looks after which nobody knows what was between them: the machine slept."""


class Probe(Enum):
    """What a look at the pool finds."""

    HAD = "a connection is free, or somebody got one since the last look"
    AT_WORK = "none is free; those who have one let the database work"
    AWAY = "none is free, and the database does not answer outside of the pool either"
    LOST = "none is free, and the database answers: whoever has the connections does nothing with them"


class State(Enum):
    FINE = ""
    BUSY = "database: all connections of this process are at work"
    AWAY = "database: no answer"
    STARVING = "database: no connection of this process comes back"
    DEAD = "database: no connection of this process came back"


@dataclass
class Starving:
    """Made once for a pool; ``seen`` is told each look with its time (seconds of a clock that does not jump)."""

    limit: float = LIMIT
    worry: float = WORRY
    state: State = State.FINE
    _without_since: float | None = None
    _lost_since: float | None = None
    _probed_at: float | None = None

    def seen(self, now: float, probe: Probe) -> State:
        slept = self._probed_at is not None and now - self._probed_at > PAUSE
        self._probed_at = now
        if probe is Probe.HAD or slept or self._without_since is None:
            self._lost_since, self._without_since = None, now
        if probe is not Probe.LOST:
            self._lost_since = None
        elif self._lost_since is None:
            self._lost_since = now
        lost = 0.0 if self._lost_since is None else now - self._lost_since
        self.state = self._state(probe, now - self._without_since, lost)
        return self.state

    def _state(self, probe: Probe, without: float, lost: float) -> State:
        """``without``: seconds since somebody had a connection; ``lost``: since they have been doing nothing."""
        if probe is Probe.HAD:
            return State.FINE
        if probe is Probe.AWAY:
            return State.AWAY
        if lost >= self.limit:
            return State.DEAD
        if without < self.worry:
            return State.FINE
        return State.STARVING if probe is Probe.LOST else State.BUSY
