"""The TCP side of a connection: closed when it is not allowed any more; Telethon's logs without their data."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections import deque
from collections.abc import Callable

from telethon.crypto import rsa

from tgadmin.telegram._telethon.framing import Abridged, Framing

HELD_BYTES = 128 * 1024
CLOSE_SECONDS = 10.0

_installed: set[str] = set()


def add_rsa_key(pem: str) -> None:
    """Make a data centre's RSA public key (PKCS#1 PEM) known to this process, once. Raises ValueError."""
    if pem not in _installed:
        rsa.add_key(pem, old=False)
        _installed.add(pem)


class Guarded(asyncio.Protocol):
    """A TCP connection that asks ``allowed`` before it opens and before each packet, and closes itself if not.

    In place of Telethon's own, whose reader gives each packet a task switch of its own: what one read of the socket
    brings is cut into packets at once, and ``packets`` hands out all that wait. ``on_bytes`` is called whenever
    something arrives. ``abort`` may be called from any thread. While ``HELD_BYTES`` wait to be taken, nothing more is
    read. ``failure`` is the code of what went wrong at a proxy, ``silence`` the code of a connection that ends before
    anything came ("": none of its own).
    """

    failure = ""
    silence = ""

    def __init__(
        self,
        address: tuple[int, str, int],
        *,
        allowed: Callable[[], bool],
        on_bytes: Callable[[], None],
        local_address: str | None = None,
    ) -> None:
        self._dc_id, self._host, self._port = address
        self._local = None if local_address is None else (local_address, 0)
        self._allowed = allowed
        self._on_bytes = on_bytes
        self._connected = False  # Telethon's sender looks at it
        self._framing: Framing | None = None
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[bytes] = deque()
        self._held = 0
        self._reading = True
        self._error: Exception | None = None
        self._arrived: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._closed: asyncio.Future[None] | None = None
        self.heard = False

    # --- what kinds of connections differ in ---------------------------------------------------------------------

    async def _socket(self, timeout: float | None) -> socket.socket | None:
        """What is connected already, None to go straight to the data centre. Raises OSError, TimeoutError."""
        return None

    def _new_framing(self) -> Framing:
        return Abridged()

    # --- what Telethon's sender calls ----------------------------------------------------------------------------

    async def connect(self, timeout: float | None = None) -> None:
        """Raises OSError, TimeoutError, and ConnectionRefusedError when it is not allowed."""
        self._refuse_if_not_allowed()
        self._begin()
        loop = asyncio.get_running_loop()
        raw = await self._socket(timeout)
        async with asyncio.timeout(timeout):
            if raw is not None:
                await loop.create_connection(lambda: self, sock=raw)
            else:
                await loop.create_connection(lambda: self, self._host, self._port, local_addr=self._local)
        self._connected = True
        try:
            self._refuse_if_not_allowed()  # the answer may have changed while the connection was being made
        except ConnectionRefusedError:
            await self.disconnect()
            raise
        if self._transport is not None and self._framing is not None:
            self._transport.write(self._framing.header)

    def _begin(self) -> None:
        """Once more after a failed agreement on a key: the same object, a new connection."""
        self._closed = asyncio.get_running_loop().create_future()
        self._framing = self._new_framing()
        self._waiting.clear()
        self._held, self._reading, self._error = 0, True, None

    async def disconnect(self) -> None:
        """Close; returns when the socket is closed. What had arrived is still handed out."""
        if not self._connected:
            return
        self._connected = False
        self._end(ConnectionAbortedError("disconnected"))
        if self._transport is None or self._closed is None:
            return
        self._transport.close()
        done, _ = await asyncio.wait((self._closed,), timeout=CLOSE_SECONDS)
        if not done:
            self._transport.abort()

    async def send(self, data: bytes) -> None:
        """Write one packet. Raises ConnectionError."""
        self.write(data)
        if self._writable is not None:
            await asyncio.shield(self._writable)

    async def recv(self) -> bytes:
        """The next packet; used while a key is being agreed on. Raises what ended the connection."""
        await self._arrival()
        packet = self._waiting.popleft()
        self._taken(len(packet))
        return packet

    # --- ours ----------------------------------------------------------------------------------------------------

    async def packets(self) -> list[bytes]:
        """All packets that have arrived, at least one. Raises what ended the connection, after the last of them."""
        await self._arrival()
        packets = list(self._waiting)
        self._waiting.clear()
        self._taken(self._held)
        return packets

    @property
    def is_idle(self) -> bool:
        """Connected, and more may be written without waiting."""
        return self._connected and self._writable is None

    def write(self, data: bytes) -> None:
        """Write one packet now, however much waits to be sent already. Raises ConnectionError."""
        if not self._connected or self._transport is None or self._framing is None:
            raise ConnectionError("not connected")
        if self._allowed():
            self._transport.write(self._framing.wrap(data))
        else:
            self._transport.abort()

    def abort(self) -> None:
        """Close the socket at once, from whatever thread: nothing is sent or received any more."""
        raw = self._transport.get_extra_info("socket") if self._transport is not None else None
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)

    async def _arrival(self) -> None:
        while not self._waiting:
            if self._error is not None:
                raise self._error
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived

    def _taken(self, size: int) -> None:
        self._held -= size
        if not self._reading and self._held < HELD_BYTES and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()

    def _end(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def _refuse_if_not_allowed(self) -> None:
        if not self._allowed():
            raise ConnectionRefusedError("the lease does not allow a connection")

    # --- asyncio's side ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._on_bytes()
        assert self._framing is not None  # noqa: S101 - made before the connection
        packets = self._framing.feed(data)
        if not packets:
            return
        self.heard = True  # some bytes alone may be another protocol's
        self._waiting += packets
        self._held += sum(map(len, packets))
        if self._held >= HELD_BYTES and self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._end(asyncio.IncompleteReadError(b"", None))

    def connection_lost(self, error: Exception | None) -> None:
        self._connected = False
        self._end(error or asyncio.IncompleteReadError(b"", None))
        self.resume_writing()
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    def pause_writing(self) -> None:
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None


class GuardedConnection(Guarded):
    """Straight to the data centre."""


class _QuietLog:
    """Telethon's log lines without what they were about: numbers stay, everything else becomes its type's name.

    All at debug: a connection's end and its reason are told by its Wire, and supervisors record them.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log

    def debug(self, *_: object, **__: object) -> None:
        """Dropped: three lines for each packet."""

    def log(self, *_: object, **__: object) -> None:
        """Dropped: traces with whole updates in them."""

    info = debug

    def warning(self, message: str, *args: object, **_: object) -> None:
        self._log.debug("%s", _without_data(message, args))

    def error(self, message: str, *args: object, **_: object) -> None:
        self._log.debug("%s", _without_data(message, args))

    def exception(self, message: str, *args: object, **_: object) -> None:
        kind = sys.exc_info()[0]
        self._log.debug("%s (%s)", _without_data(message, args), kind.__name__ if kind else "no exception")


def _without_data(message: str, args: tuple[object, ...]) -> str:
    kept = tuple(arg if isinstance(arg, int) else type(arg).__name__ for arg in args)
    try:
        return message % kept if kept else message
    except (TypeError, ValueError):
        return message


class QuietLogs(dict[str, _QuietLog]):
    """What Telethon takes for its loggers."""

    def __missing__(self, name: str) -> _QuietLog:
        return _QuietLog(logging.getLogger("tgadmin.telegram.wire"))
