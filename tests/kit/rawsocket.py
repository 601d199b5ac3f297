"""A WebSocket client that may do wrong: RFC 6455 by hand, text frames of any size, answers as they come."""

from __future__ import annotations

import base64
import os
import socket
import struct
import time
from collections.abc import Sequence

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
ESTABLISHED = 1


class RawSocket:
    """One connection to ``/ws/live/`` of a server on this machine. ``status`` and ``head`` are those of the handshake's
    answer. ``small``: with little room for what has not been read."""

    def __init__(
        self,
        port: int,
        cookie: str = "",
        origin: str | None = None,
        host: str | None = None,
        *,
        path: str = "/ws/live/",
        headers: Sequence[str] = (),
        small: bool = False,
    ) -> None:
        self._socket = socket.socket()
        if small:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.settimeout(20)
        self._socket.connect(("127.0.0.1", port))
        self._read = self._socket.makefile("rb")
        host = host or f"127.0.0.1:{port}"
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            *([f"Origin: {origin}"] if origin is not None else []),
            *([f"Cookie: {cookie}"] if cookie else []),
            *headers,
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        self.status = int(self._read.readline().split()[1])
        self.head = ""
        while (line := self._read.readline()) not in (b"\r\n", b""):
            self.head += line.decode("latin-1")

    def send(self, data: bytes, opcode: int = TEXT, *, last: bool = True, compressed: bool = False) -> None:
        """One masked frame (mask 0). Raises OSError when the server has hung up."""
        self._socket.sendall(self._frame(data, opcode, last, compressed))

    def _frame(self, data: bytes, opcode: int, last: bool, compressed: bool) -> bytes:
        size = len(data)
        if size < 126:
            length = bytes([0x80 | size])
        else:
            length = struct.pack("!BH", 0x80 | 126, size) if size < 65536 else struct.pack("!BQ", 0x80 | 127, size)
        return bytes([0x80 * last | 0x40 * compressed | opcode]) + length + bytes(4) + data

    def send_until_full(self, data: bytes, seconds: float = 0.5) -> int:
        """The same frame again and again, until the server has taken nothing for so long; whole frames sent: the last
        one is finished when there is room again, by ``close`` at the latest."""
        frame = self._frame(data, TEXT, True, False)
        self._socket.setblocking(False)
        sent, at = 0, time.monotonic()
        while time.monotonic() - at < seconds:
            try:
                sent += self._socket.send(frame[sent % len(frame) :])
                at = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
        self._socket.settimeout(20)
        return sent // len(frame)

    def is_alive(self) -> bool:
        """Whether the server still has the connection; nothing is read."""
        state: bytes = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)
        return state[0] == ESTABLISHED

    def is_closed(self) -> bool:
        """Whether the server has closed the connection, or says so next."""
        self._socket.settimeout(0.2)
        try:
            return self._socket.recv(1, socket.MSG_PEEK) in (b"", b"\x88")
        except TimeoutError:
            return False
        except OSError:
            return True
        finally:
            self._socket.settimeout(20)

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
