"""Who has the processor: seconds of each program that takes part in a measurement."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

import psutil


class Processor:
    """Processor time from here on. Each program counts with its children: PostgreSQL is many processes."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._began = time.monotonic()
        self._before = self._seconds()

    def shares(self) -> dict[str, float]:
        """Percent of one core that each took since the beginning."""
        took = time.monotonic() - self._began
        now = self._seconds()
        return {name: (now[name] - before) / took * 100 for name, before in self._before.items() if name in now}

    def _seconds(self) -> dict[str, float]:
        found = {}
        for name, pid in self._pids.items():
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                family = [process, *process.children(recursive=True)] if name != "client" else [process]
                found[name] = sum(_of(one) for one in family)
        return found


def _of(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def said(shares: Mapping[str, float]) -> str:
    """For people: who took how much."""
    parts = sorted(shares.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {share:.0f} %" for name, share in parts if share >= 1)
