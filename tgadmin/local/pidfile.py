"""Telling our processes from strangers' after a crash: a pid alone proves nothing, a pid with its start mark does."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

POLL_SECONDS = 0.02


def start_mark(pid: int) -> str | None:
    """When a process began, told so that no other process of this or another boot has the same; None if there is none.

    Linux: boot id and the start tick of /proc/PID/stat, which no clock change moves. Elsewhere: psutil's creation time.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        if not sys.platform.startswith("linux"):
            return f"{process.create_time():.2f}"
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return None
    return f"{boot_id()}/{stat.rpartition(')')[2].split()[19]}"


def boot_id() -> str:
    """Changes with each boot of this machine; empty where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True)
class Mark:
    """A process that was ours, as it is noted in a file."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "Mark | None":
        started = start_mark(pid)
        return None if started is None else cls(pid, started)

    @classmethod
    def read(cls, value: Any) -> "Mark | None":
        """From what `write` gave; None for anything else."""
        if not isinstance(value, dict):
            return None
        pid, started = value.get("pid"), value.get("started")
        return cls(pid, started) if isinstance(pid, int) and isinstance(started, str) else None

    def write(self) -> dict[str, Any]:
        return {"pid": self.pid, "started": self.started}

    def alive(self) -> bool:
        """Whether that very process still runs (a zombie does not)."""
        return start_mark(self.pid) == self.started


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look again and again until `condition` holds; False when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def stop(mark: Mark, *steps: tuple[signal.Signals, float]) -> bool:
    """End a process that is proven ours: each signal in turn, with so many seconds to obey. True when it is gone."""
    for number, seconds in steps:
        if not mark.alive():
            return True
        with contextlib.suppress(ProcessLookupError):
            os.kill(mark.pid, number)
        if wait_until(lambda: not mark.alive(), seconds):
            return True
    return not mark.alive()
