"""Keeping the children of `up` alive: start, notice an end, start again after a pause, stop in order."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tgadmin.local import logs
from tgadmin.local.account import ServiceUser
from tgadmin.local.errors import LocalError
from tgadmin.local.pidfile import POLL_SECONDS
from tgadmin.local.spawn import spawn

STEADY_SECONDS = 10.0  # who ran that long before it died is started again at once
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
GRACE_SECONDS = 10.0


class Watched(Protocol):
    """What a supervisor keeps alive: a child of ours or an embedded server."""

    name: str

    def start(self) -> None: ...
    def exit_status(self) -> int | None: ...
    @property
    def pid(self) -> int | None: ...


@dataclass
class Child:
    """A Python program of ours. `command` begins with the interpreter; secrets are in `environment`, never there."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    cwd: Path
    parent_pipe: int  # read end; its other end dies with `up`
    process: "subprocess.Popen[bytes] | None" = None
    log_from: int = 0
    user: ServiceUser | None = None  # None: as we are

    @property
    def pid(self) -> int | None:
        return None if self.process is None else self.process.pid

    def start(self) -> None:
        logs.keep_small(self.log)
        self.log_from = logs.size(self.log)
        interpreter, *rest = self.command
        self.process = spawn(
            [interpreter, "-m", "tgadmin.local.parent_watch", str(self.parent_pipe), *rest],
            environment=self.environment,
            log=self.log,
            cwd=self.cwd,
            keep=[self.parent_pipe],
            user=self.user,
        )

    def exit_status(self) -> int | None:
        """None while it runs. What an ended one forked is ended too: a killed qcluster leaves its workers behind."""
        if self.process is None or self.process.poll() is None:
            return None
        self.kill()
        return self.process.returncode

    def wait(self) -> int:
        """Wait for its end, as for a child that does one thing; its exit status."""
        return 1 if self.process is None else self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """Its whole process group, at once."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def last_lines(self) -> list[str]:
        return logs.last_lines(self.log, self.log_from)


def stop_children(children: Sequence[Child], hurry: Callable[[], bool], grace: float = GRACE_SECONDS) -> None:
    """SIGTERM to each in turn, then wait for all; who stands after `grace` seconds, or at `hurry`, is killed."""
    for child in children:
        child.signal(signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(child.process is not None and child.process.poll() is None for child in children):
        if time.monotonic() > deadline or hurry():
            break
        time.sleep(POLL_SECONDS)
    for child in children:
        child.kill()
        if child.process is not None:
            child.process.wait()


@dataclass
class _Fate:
    """How one watched thing fares."""

    started: float = 0.0
    failures: int = 0
    again: float | None = None  # monotonic time of the next start; None while it runs


@dataclass
class Supervisor:
    """Starts again what ends. `say` gets a line for people, `changed` is called after each start: a new pid."""

    say: Callable[[str], None]
    changed: Callable[[], None]
    clock: Callable[[], float] = time.monotonic
    _watched: dict[str, Watched] = field(default_factory=dict)
    _fates: dict[str, _Fate] = field(default_factory=dict)

    def add(self, thing: Watched) -> None:
        """Watch something that runs already."""
        self._watched[thing.name] = thing
        self._fates[thing.name] = _Fate(started=self.clock())

    def failures(self, name: str) -> int:
        """How often it ended in a row without having run steadily."""
        return self._fates[name].failures

    def tend(self) -> float:
        """Notice ends, start what is due; seconds until something is due again (infinite if nothing is)."""
        for name, thing in self._watched.items():
            fate = self._fates[name]
            if fate.again is None and (status := thing.exit_status()) is not None:
                self._ended(thing, fate, status)
            if fate.again is not None and fate.again <= self.clock():
                self._start(thing, fate)
        return min(
            (fate.again - self.clock() for fate in self._fates.values() if fate.again is not None), default=float("inf")
        )

    def _ended(self, thing: Watched, fate: _Fate, status: int) -> None:
        ran = self.clock() - fate.started
        fate.failures = 0 if ran >= STEADY_SECONDS else fate.failures + 1
        pause = 0.0 if not fate.failures else min(FIRST_PAUSE * 2 ** (fate.failures - 1), LONGEST_PAUSE)
        fate.again = self.clock() + pause
        when = f"in {pause:g} s" if pause else "now"
        self.say(f"{thing.name} ended ({describe_status(status)}) after {ran:.0f} s; it is started again {when}.")

    def _start(self, thing: Watched, fate: _Fate) -> None:
        fate.started = self.clock()
        try:
            thing.start()
        except (LocalError, OSError) as error:
            reason = error.message if isinstance(error, LocalError) else f"{error.strerror or type(error).__name__}."
            fate.failures += 1
            pause = min(FIRST_PAUSE * 2**fate.failures, LONGEST_PAUSE)
            fate.again = self.clock() + pause
            self.say(f"{thing.name} did not start: {reason} The next try is in {pause:g} s.")
            return
        fate.again = None
        self.changed()


def describe_status(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
