"""What a running `up` tells other commands: where its servers are and the keys it made. A 0600 file.

`up` holds an exclusive lock on DATA_DIR/lock for its whole life; the kernel lets go of it however `up` ends. So the
lock, not a pid, says whether the file is true.
"""

import contextlib
import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tgadmin.local.errors import LocalError, NotRunning
from tgadmin.local.paths import DataDir, read_json, write_json
from tgadmin.local.pidfile import wait_until

PROBE_SECONDS = 0.5  # how long another's probe may keep `up` from its lock


@dataclass
class Runtime:
    """One running `up`.

    `environment`: DATABASE_URL, REDIS_URL, SECRET_KEY, SESSION_ENCRYPTION_KEYS, TELEGRAM_*, as its children get them.
    `processes`: name (web, gateway, worker, sandbox, postgres, valkey) -> pid. `sandbox`: {"port", "control", "state",
    "public_key", "codes"}, empty without one. `ready`: web answered and the gateway had its first heartbeat.
    """

    pid: int
    address: str
    environment: dict[str, str]
    processes: dict[str, int] = field(default_factory=dict)
    sandbox: dict[str, Any] = field(default_factory=dict)
    ready: bool = False
    run: str = ""  # the mark that the children bear in their environment

    def write(self, data: DataDir) -> None:
        write_json(data.runtime, dict(vars(self)))

    @classmethod
    def read(cls, data: DataDir) -> "Runtime | None":
        """What the last `up` wrote, whether it still runs or not."""
        value = read_json(data.runtime)
        try:
            return None if value is None else cls(**value)
        except TypeError:  # another version wrote it
            return None


def load(data_dir: str | Path) -> dict[str, str]:
    """The environment of the `up` that runs on this DATA_DIR; NotRunning, with a sentence for people, if none does."""
    return running(data_dir).environment


def running(data_dir: str | Path) -> Runtime:
    """All that the `up` running on this DATA_DIR tells; NotRunning if none does or it is still starting its servers."""
    data = DataDir.at(data_dir)
    try:
        if not _is_locked(data.lock):
            raise NotRunning(f"Nothing runs on DATA_DIR {data.root}: start bin/run.")
        runtime = Runtime.read(data)
    except PermissionError:
        raise NotRunning(f"DATA_DIR {data.root} belongs to another user: run this as the user of bin/run.") from None
    if runtime is None:
        raise NotRunning(f"bin/run is only just starting on DATA_DIR {data.root}: try again in a moment.")
    return runtime


class Lock:
    """The exclusive right to run `up` on one DATA_DIR, held until `release` or the end of the process."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._descriptor: int | None = None

    def take(self, address: str) -> None:
        """Take it, or say who has it. `address` is told to the one who comes second."""
        # not inherited by programs that we start: a child that outlives us must not hold it
        descriptor = os.open(self._data.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not wait_until(lambda: _try_lock(descriptor, fcntl.LOCK_EX), PROBE_SECONDS):
            holder = os.read(descriptor, 200).decode(errors="replace").strip()
            os.close(descriptor)
            raise LocalError(f"DATA_DIR {self._data.root} is in use already: {holder or 'another bin/run'} runs on it.")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} ({address})\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go; the runtime file goes first, so that nobody reads it as true."""
        if self._descriptor is not None:
            self._data.runtime.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int, kind: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        return True
    return False
