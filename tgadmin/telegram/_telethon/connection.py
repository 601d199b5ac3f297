"""The TCP side of a connection: closed when it is not allowed any more; Telethon's logs without their data."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Callable
from typing import Any

from telethon.crypto import rsa
from telethon.network.connection.connection import Connection
from telethon.network.connection.tcpabridged import ConnectionTcpAbridged

_installed: set[str] = set()


def add_rsa_key(pem: str) -> None:
    """Make a data centre's RSA public key (PKCS#1 PEM) known to this process, once. Raises ValueError."""
    if pem not in _installed:
        rsa.add_key(pem, old=False)
        _installed.add(pem)


class Guarded(Connection):
    """A TCP connection that asks ``allowed`` before it opens and before each packet, and closes itself if not.

    ``on_bytes`` is called for each packet that arrives. ``abort`` may be called from any thread. ``failure`` is the
    code of what went wrong at a proxy, ``silence`` the code of a connection that ends before anything came ("": none
    of its own).
    """

    failure = ""
    silence = ""

    def __init__(
        self,
        address: str,
        port: int,
        dc_id: int,
        *,
        loggers: Any,
        allowed: Callable[[], bool],
        on_bytes: Callable[[], None],
        local_address: str | None = None,
    ) -> None:
        source = None if local_address is None else (local_address, 0)
        super().__init__(address, port, dc_id, loggers=loggers, local_addr=source)
        self._allowed = allowed
        self._on_bytes = on_bytes
        self.heard = False

    async def connect(self, timeout: float | None = None, ssl: Any = None) -> None:
        self._refuse_if_not_allowed()
        await super().connect(timeout=timeout, ssl=ssl)
        try:
            self._refuse_if_not_allowed()  # the answer may have changed while the connection was being made
        except ConnectionRefusedError:
            await self.disconnect()
            raise

    async def disconnect(self) -> None:
        try:
            await super().disconnect()
        finally:
            # Telethon's receiver waits in this queue and would not notice a connection that ended while sending.
            with contextlib.suppress(asyncio.QueueFull):
                self._recv_queue.put_nowait((None, ConnectionAbortedError("disconnected")))

    def abort(self) -> None:
        """Close the socket at once, from whatever thread: nothing is sent or received any more."""
        writer = self._writer
        raw = writer.get_extra_info("socket") if writer is not None else None
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)

    def _send(self, data: bytes) -> None:
        # Not raised: an exception here would end the sending task without telling the receiving one.
        if self._allowed():
            super()._send(data)
        else:
            self._writer.transport.abort()

    async def _recv(self) -> bytes:
        data: bytes = await super()._recv()
        self.heard = True
        self._on_bytes()
        return data

    def _refuse_if_not_allowed(self) -> None:
        if not self._allowed():
            raise ConnectionRefusedError("the lease does not allow a connection")


class GuardedConnection(Guarded, ConnectionTcpAbridged):
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
