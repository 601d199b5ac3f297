"""Where a client's updates go: one FIFO, committed in prefixes."""

from __future__ import annotations

import asyncio
from typing import Protocol

from tgadmin.core.types import Incoming


class SinkFull(Exception):
    """The sink takes nothing more at present. What was put is unaffected; what was refused was not taken at all."""


class UpdateSink(Protocol):
    """The FIFO of one account. Entries are committed in the order in which they were put, prefix by prefix, each prefix
    with the last state in it."""

    def put(self, incoming: Incoming) -> asyncio.Future[None]:
        """Take one entry; never blocks. The future resolves when the entry has been committed.

        Raises SinkFull: the client then waits until what it has put is committed, and catches up from there.
        """
