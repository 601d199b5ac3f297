"""Starting a child that does not outlive us, in a process group of its own, as another user if need be."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tgadmin.local.account import ServiceUser

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def _tie_to_parent(parent: int, number: signal.Signals) -> Callable[[], None]:
    """What the child does between fork and exec: ask the kernel for `number` when our thread ends, however it ends."""

    def tie() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
            if os.getppid() != parent:  # we died before the kernel knew
                os._exit(1)

    return tie


def spawn(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    log: Path,
    cwd: Path | str,
    user: ServiceUser | None = None,
    on_parent_death: signal.Signals = signal.SIGTERM,
    stdin: int = subprocess.DEVNULL,
    keep: Sequence[int] = (),
) -> "subprocess.Popen[bytes]":
    """Start `command` with its output appended to `log` (0600); `keep` are descriptors that it inherits.

    Call it from the main thread only: the kernel's death signal follows the thread that forked.

    A session of its own keeps the terminal's Ctrl-C from the children, so that `up` ends them in its order.
    """
    identity: dict[str, Any] = {} if user is None else user.identity()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(  # noqa: S603 - the commands are ours
            [str(part) for part in command],
            stdin=stdin,
            stdout=descriptor,
            stderr=descriptor,
            env=dict(environment),
            cwd=cwd,
            start_new_session=True,
            pass_fds=tuple(keep),
            preexec_fn=_tie_to_parent(os.getpid(), on_parent_death),  # noqa: PLW1509 - from the main thread only, see above
            **identity,
        )
    finally:
        os.close(descriptor)
