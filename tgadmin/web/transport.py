"""TCP connections that know how much their reader has taken, and that can be kept from reading."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from twisted.internet import tcp
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from tgadmin.web.connections import Connection

UNSENT = 128 << 10
"""Bytes that the system takes at most beyond those that are under way: whoever does not read is noticed soon."""


class Transport(tcp.Server):
    """Of an accepted connection. Beyond ``bufferSize`` bytes (64 KiB) that wait here its producer is told to pause."""

    connection: Connection
    sent = 0
    _held = False
    _gathering = False

    def __init__(self, accepted: socket.socket, *arguments: Any) -> None:
        super().__init__(accepted, *arguments)
        lowat = getattr(socket, "TCP_NOTSENT_LOWAT", None)
        if lowat is not None:
            accepted.setsockopt(socket.IPPROTO_TCP, lowat, UNSENT)

    @property
    def pending(self) -> int:
        return int(len(self.dataBuffer) - self.offset + self._tempDataLen)

    def writeSomeData(self, data: bytes) -> Any:
        taken = super().writeSomeData(data)
        if isinstance(taken, int):
            self.sent += taken
        return taken

    def gather(self) -> None:
        """What is written from here on goes out together, when ``pass_on`` is called."""
        self._gathering = not self.pending

    def pass_on(self) -> None:
        """Give what was gathered to the system. It nearly always takes it at once, which is cheaper than to ask it to
        tell when it would."""
        if self._gathering:
            self._gathering = False
            if self.connected and self.pending and (self.doWrite() is not None or self.pending):
                self.startWriting()  # there is more; or the reactor meets the error, and ends the connection

    def startWriting(self) -> None:
        if not self._gathering:
            super().startWriting()

    def hold(self) -> None:
        """Read nothing until ``release``, whatever others say."""
        self._held = True
        self.pauseProducing()

    def release(self) -> None:
        self._held = False
        self.resumeProducing()

    def resumeProducing(self) -> None:
        if not self._held:
            super().resumeProducing()


class Port(tcp.Port):
    """Listens, with connections of our own."""

    transport = Transport


@implementer(IPushProducer)
class Valve:
    """Open while more may be written. ``passed`` waits for that; it is False when the connection is gone."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self.is_gone = False

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    async def passed(self) -> bool:
        await self._open.wait()
        return not self.is_gone

    def gone(self) -> None:
        self.is_gone = True
        self._open.set()

    def pauseProducing(self) -> None:
        if not self.is_gone:
            self._open.clear()

    def resumeProducing(self) -> None:
        self._open.set()

    def stopProducing(self) -> None:
        self.gone()
