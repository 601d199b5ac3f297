"""A WebSocket client that may do wrong: RFC 6455 by hand, text frames of any size, answers as they come."""

from __future__ import annotations

import base64
import os
import socket
import struct

TEXT, CLOSE = 1, 8


class RawSocket:
    """One connection to ``/ws/live/`` of a server on this machine. ``status`` is that of the handshake."""

    def __init__(self, port: int, cookie: str = "", origin: str | None = None, host: str | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._read = self._socket.makefile("rb")
        host = host or f"127.0.0.1:{port}"
        lines = [
            "GET /ws/live/ HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            *([f"Origin: {origin}"] if origin is not None else []),
            *([f"Cookie: {cookie}"] if cookie else []),
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        self.status = int(self._read.readline().split()[1])
        while self._read.readline() not in (b"\r\n", b""):
            pass

    def send(self, data: bytes, opcode: int = TEXT) -> None:
        """One masked frame (mask 0). Raises OSError when the server has hung up."""
        size = len(data)
        if size < 126:
            length = bytes([0x80 | size])
        else:
            length = struct.pack("!BH", 0x80 | 126, size) if size < 65536 else struct.pack("!BQ", 0x80 | 127, size)
        self._socket.sendall(bytes([0x80 | opcode]) + length + bytes(4) + data)

    def receive(self) -> tuple[int, bytes]:
        """The next frame: opcode and content; (CLOSE, b"") when the connection ends without one."""
        head = self._read.read(2)
        if len(head) < 2:
            return CLOSE, b""
        size = head[1] & 127
        if size >= 126:
            size = int.from_bytes(self._read.read(2 if size == 126 else 8), "big")
        return head[0] & 15, self._read.read(size)

    def close_code(self) -> int:
        """The code with which the server closes (1006: without one), whatever it says before."""
        try:
            while True:
                opcode, data = self.receive()
                if opcode == CLOSE:
                    return int.from_bytes(data[:2], "big") or 1006
        except ConnectionResetError:
            return 1006

    def close(self) -> None:
        self._read.close()
        self._socket.close()
