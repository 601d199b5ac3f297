"""The least of RFC 6455 that a benchmark needs: both ends, text frames, no extensions. Cheaper than any library, so
neither the bare relay nor the thousand sockets that measure are what limits."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import struct
from collections.abc import Callable

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def frame(kind: int, body: bytes, *, masked: bool) -> bytes:
    """One whole frame. A client must mask; zeros are a mask as good as any and cost nothing."""
    size, bit = len(body), 0x80 if masked else 0
    if size < 126:
        head = bytes((0x80 | kind, bit | size))
    elif size < 65536:
        head = struct.pack(">BBH", 0x80 | kind, bit | 126, size)
    else:
        head = struct.pack(">BBQ", 0x80 | kind, bit | 127, size)
    return head + (b"\0\0\0\0" if masked else b"") + body


class Peer(asyncio.Protocol):
    """One end of a connection. ``heard`` gets each text frame's bytes (those of a server end are unmasked zeros)."""

    def __init__(self, heard: Callable[[Peer, bytes], None], *, is_server: bool) -> None:
        self._heard = heard
        self._is_server = is_server
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._request = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.close_code: int | None = None
        self.lost = False

    def ask(self, host: str, path: str, headers: dict[str, str]) -> None:
        """A client's handshake; ``opened`` resolves with the answer."""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._write("\r\n".join([*lines, "", ""]).encode())

    def send(self, text: str) -> None:
        self._write(frame(TEXT, text.encode(), masked=not self._is_server))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed in the handshake"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.opened.done() and not self._shake_hands():
            return
        while (found := self._take()) is not None:
            kind, body = found
            if kind == TEXT:
                self._heard(self, body)
            elif kind == PING:
                self._write(frame(PONG, body, masked=not self._is_server))
            elif kind == CLOSE:
                self.close_code = int.from_bytes(body[:2], "big") if len(body) >= 2 else 1005
                self.close()

    def _shake_hands(self) -> bool:
        head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not found:
            return False
        self._buffer = bytearray(rest)
        if self._is_server:
            lines = [line.partition(b":") for line in head.split(b"\r\n")]
            key = next(value.strip() for name, _, value in lines if name.lower() == b"sec-websocket-key")
            accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
            self._write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
        elif b" 101 " not in head.split(b"\r\n")[0]:
            self.opened.set_exception(ConnectionError(head.split(b"\r\n")[0].decode()))
            self.close()
            return False
        self.opened.set_result(None)
        return True

    def _take(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, at = buffer[1] & 0x7F, 2
        if size == 126:
            size, at = int.from_bytes(buffer[2:4], "big"), 4
        elif size == 127:
            size, at = int.from_bytes(buffer[2:10], "big"), 10
        at += 4 if buffer[1] & 0x80 else 0
        if len(buffer) < at + size:
            return None
        body = bytes(buffer[at : at + size])
        kind = buffer[0] & 0x0F
        del buffer[: at + size]
        return kind, body

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
