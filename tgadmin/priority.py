"""Who comes first on a machine that is too small: staff's pages do. The gateway and the worker give way to them: what
arrives meanwhile is written in larger batches, and nothing is lost by that."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

NICENESS = 10
"""A tenth of the processor time that others get, where there is not enough for all. What a gateway must do in time (its
heartbeat) takes far less."""
AUTOGROUP = Path("/proc/self/autogroup")


def lower_priority(niceness: int, autogroup: Path = AUTOGROUP) -> None:
    """Make this process nice (0 to 19), unless somebody has chosen its niceness already.

    Linux may weigh sessions against each other, and processes only within one (autogroup): a process that leads a
    session of its own, as a supervisor's children do, says it for the session too. Neither needs a right.
    """
    if niceness == 0 or os.getpriority(os.PRIO_PROCESS, 0) != 0:
        return
    with contextlib.suppress(OSError):  # some sandboxes allow nobody to choose
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
        if os.getsid(0) == os.getpid():
            autogroup.write_text(str(niceness))
