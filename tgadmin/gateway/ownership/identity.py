"""Who this process is, so that others on the same host can prove its death.

A death counts as proven only where nothing can be mistaken: same kernel boot, same pid namespace, and no live process
with that pid and start time. Everything else (another host, a container, a system without /proc) is left to the
heartbeat."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Identity:
    """``boot`` names the kernel's boot and the pid namespace (empty where unknown), ``pid_started`` is in clock ticks
    after that boot: unlike a time of day it never moves."""

    id: UUID
    name: str
    host: str
    boot: str
    pid: int
    pid_started: float


def this_process(name: str) -> Identity:
    host, pid = socket.gethostname(), os.getpid()
    return Identity(uuid4(), name or host, host, boot(), pid, _started(pid) or 0.0)


def boot(proc: Path = PROC) -> str:
    """The boot id with the pid namespace, or an empty text where the system has neither."""
    try:
        boot_id = (proc / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot_id}/{(proc / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def is_proven_dead(other_boot: str, pid: int, pid_started: float) -> bool:
    """Whether the process that registered so can no longer exist. False when nothing can be said."""
    if not other_boot or other_boot != boot():
        return False
    return _started(pid) != pid_started


def _started(pid: int, proc: Path = PROC) -> float | None:
    """Clock ticks from boot to the process's start; None for no such process, or one that only waits to be reaped."""
    try:
        stat = (proc / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The command's name may hold spaces and brackets: what counts begins after the last one.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else float(fields[19])
