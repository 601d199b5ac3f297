"""Other gateways on this host: told at once when one of their processes ends, instead of at the next look.

A hint only, as a notification is: whether the process is dead, and which sessions it had, is found out by looking
(identity.py, lease.py). Where the system has no pidfd, the look once a second does it alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Collection


class LocalGateways:
    """``ended`` is called on the running loop, once for each watched process that has ended."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._watched: dict[int, int] = {}

    def watch(self, pids: Collection[int]) -> None:
        """Watch these processes and no others."""
        for gone in self._watched.keys() - set(pids):
            self._forget(gone)
        for new in set(pids) - self._watched.keys():
            with contextlib.suppress(OSError, AttributeError):  # it has ended already, or the system has no pidfd
                self._watched[new] = os.pidfd_open(new)
                asyncio.get_running_loop().add_reader(self._watched[new], self._end, new)

    def close(self) -> None:
        self.watch(())

    def _end(self, pid: int) -> None:
        self._forget(pid)
        self._ended()

    def _forget(self, pid: int) -> None:
        descriptor = self._watched.pop(pid)
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
