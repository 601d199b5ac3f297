"""What a killed `up` has left running: found by the mark that its children bear, ended before the next one starts."""

import signal
from collections.abc import Callable

import psutil

from tgadmin.local.paths import DataDir
from tgadmin.local.pidfile import Mark, stop, wait_until
from tgadmin.local.runtime import Runtime

MARK = "TGADMIN_RUN"
"""Environment variable: the number of the `up` that started a process. A guess at a pid cannot match it."""
PATIENCE_SECONDS = 3.0


def end(data: DataDir, say: Callable[[str], None]) -> None:
    """End the children of the last `up` on this DATA_DIR, if it did not.

    The lock is ours, so whatever bears the last run's mark is an orphan.
    They were told to stop when it died (spawn.py, parent_watch.py), so they get a moment to do so in order.
    """
    last = Runtime.read(data)
    if last is None or not last.run:
        return
    orphans = _marked(last.run)
    if orphans:
        say(f"The last run was killed: ending the {len(orphans)} processes that it left …")
        wait_until(lambda: not any(orphan.alive() for orphan in orphans), PATIENCE_SECONDS)
        for orphan in orphans:
            stop(orphan, (signal.SIGKILL, 5.0))
    data.runtime.unlink(missing_ok=True)


def _marked(run: str) -> list[Mark]:
    found: list[Mark] = []
    for process in psutil.process_iter():
        try:
            ours = process.environ().get(MARK) == run
        except (psutil.Error, OSError):
            continue
        if ours and (mark := Mark.of(process.pid)) is not None:
            found.append(mark)
    return found
