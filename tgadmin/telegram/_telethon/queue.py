"""The queue between a connection and what processes its updates: bounded, with signs for what could not be kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final


class _CatchUp:
    def __repr__(self) -> str:
        return "CATCH_UP"


CATCH_UP: Final = _CatchUp()
"""The queue overflowed and was emptied: everything is to be fetched as differences."""


@dataclass(frozen=True, slots=True)
class UnreadablePacket:
    """A packet that held an object of an unknown type: all of it is lost. ``constructor`` is the type's number,
    ``data`` what came from there on."""

    constructor: int
    data: bytes = field(default=b"", repr=False)


class UpdatesQueue(asyncio.Queue[Any]):
    """Telethon's updates queue has no bound; this one, when full, is emptied and says CATCH_UP instead."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def put_nowait(self, item: Any) -> None:
        if self.qsize() >= self._limit:
            self.clear()
            item = CATCH_UP
        super().put_nowait(item)

    def clear(self) -> None:
        while not self.empty():
            self.get_nowait()
