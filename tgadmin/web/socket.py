"""A WebSocket: frames that come in are limited, those that go out wait for their reader."""

from __future__ import annotations

import time
from typing import Any

from autobahn.twisted.websocket import ConnectionDeny
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from tgadmin.web.budget import Budget
from tgadmin.web.connections import Connection, End
from tgadmin.web.inbox import SocketInbox
from tgadmin.web.limits import Limits
from tgadmin.web.transport import Transport, Valve

TOO_MANY, UNREAD = 4429, 4430
"""Close codes (docs/socket-protocol.md): too many frames came; what was sent has not been read."""
UNREAD_SECONDS = 10.0
"""Whoever did not read gets so long to find the close code behind what waits for them."""
TEXT, BINARY = 1, 2


class GoneError(ConnectionResetError):
    """The client has left: what the application sends goes nowhere. Told as ASGI wants it, by an OSError."""


class Socket(WebSocketProtocol):
    """Beside daphne's: reads no faster than the application takes, sends no faster than the client reads."""

    transport: Transport
    factory: SocketFactory

    def connectionMade(self) -> None:
        self.valve = _SocketValve(self)
        self.connection: Connection = self.transport.connection
        self.connection.on_end = self._end
        self.connection.works()
        self.transport.unregisterProducer()
        self.transport.registerProducer(self.valve, True)
        self.transport.hold()  # nobody may send before the handshake is done
        limits = self.factory.limits
        self._frames = Budget(limits.frame_rate, limits.frame_burst, time.monotonic)
        self._is_full = False
        self._is_deaf = False
        super().connectionMade()

    def connectionLost(self, reason: Any) -> None:
        self.connection.gone()
        self.valve.gone()
        super().connectionLost(reason)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        if hasattr(self, "server"):  # else it never got as far as the application
            super().onClose(wasClean, code, reason)

    # --- reading ------------------------------------------------------------------------------------------------------

    def make_inbox(self) -> SocketInbox:
        return SocketInbox(self._full, self._room)

    def onOpen(self) -> None:
        super().onOpen()
        self._read()

    def _full(self) -> None:
        self._is_full = True
        self.transport.hold()

    def _room(self) -> None:
        self._is_full = False
        if self.state in (self.STATE_OPEN, self.STATE_CLOSING):
            self.consumeData()
        self._read()

    def _read(self) -> None:
        if not self._is_full:
            self.transport.release()

    def consumeData(self) -> None:
        if self.state not in (self.STATE_OPEN, self.STATE_CLOSING):
            super().consumeData()
            return
        while not (self._is_full or self._is_deaf) and self.processData() and self.state != self.STATE_CLOSED:
            pass
        if self._is_deaf:
            self.data = b""

    def onFrameBegin(self) -> None:
        if not self._frames.take():
            self._is_deaf = True
            self.sendClose(code=TOO_MANY)
        super().onFrameBegin()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.state == self.STATE_OPEN:
            super().onMessage(payload, isBinary)

    # --- sending ------------------------------------------------------------------------------------------------------

    async def room(self) -> None:
        """Wait until something may be sent. Raises GoneError."""
        if not await self.valve.passed() or self.state in (self.STATE_CLOSING, self.STATE_CLOSED):
            raise GoneError

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:
        """One frame of any size: what autobahn's ``sendMessage`` allows is bounded by what may come in."""
        if self.state == self.STATE_CONNECTING:
            self.serverAccept()
        if self.state == self.STATE_OPEN:
            payload = content.encode("utf8") if isinstance(content, str) else content
            self.transport.gather()
            self.sendFrame(opcode=BINARY if binary else TEXT, payload=payload)
            self.transport.pass_on()

    def busy(self, sentence: str, seconds: int) -> None:
        """503 in place of a handshake: too many wait already."""
        handshake = self.__dict__.pop("handshake_deferred", None)
        if handshake is not None:
            handshake.errback(ConnectionDeny(code=503, reason=sentence))
            self.server.protocol_disconnected(self)

    # --- ending -------------------------------------------------------------------------------------------------------

    def onAutoPingTimeout(self) -> None:
        if self.transport.pending:
            self.autoPingTimeoutCall = None  # the ping has not gone out: _end decides, with a code that says why
        else:
            super().onAutoPingTimeout()

    def _end(self, reason: End) -> None:
        if reason is End.SLOW and self.state == self.STATE_OPEN:
            self.closeHandshakeTimeout = UNREAD_SECONDS
            self.sendClose(code=UNREAD)
            self.valve.release()
        else:
            self.transport.abortConnection()


class _SocketValve(Valve):
    """A socket that does not read keeps us waiting; one that reads again does not."""

    def __init__(self, socket: Socket) -> None:
        super().__init__()
        self._socket = socket

    def pauseProducing(self) -> None:
        super().pauseProducing()
        self._socket.connection.waits()

    def resumeProducing(self) -> None:
        super().resumeProducing()
        self._socket.connection.works()

    def release(self) -> None:
        """Whoever waits to send learns that it is over."""
        self._open.set()


class SocketFactory(WebSocketFactory):
    """Makes the protocol object of each live socket."""

    protocol = Socket

    def __init__(self, server: Any, limits: Limits) -> None:
        self.limits = limits
        super().__init__(server, server="")
