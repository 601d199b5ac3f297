"""Who is not signed in, and sends a million bytes a second: to each entry point in its own way, over loopback only."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

RATE = 1_000_000
"""Bytes a second of one entry point, if the server takes them."""
HANDS = 50
"""Connections by which an entry point is flooded at once."""
HOST = "127.0.0.1"


class Pace:
    """Bytes a second that are sent by all hands together; ``sent`` counts them."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._began = time.monotonic()
        self.sent = 0

    async def __call__(self, size: int) -> None:
        self.sent += size
        ahead = self.sent / self._rate - (time.monotonic() - self._began)
        if ahead > 0:
            await asyncio.sleep(ahead)


class Line:
    """One connection of the flood."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pace: Pace) -> None:
        self.reader, self._writer, self._pace = reader, writer, pace

    async def say(self, data: bytes) -> None:
        await self._pace(len(data))
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> None:
        """One answer with a Content-Length, thrown away."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await self.reader.readexactly(int(line.split(b":")[1]))


Attack = Callable[[Line], Awaitable[None]]


async def bodies(line: Line) -> None:
    """As large as is allowed, to where no body is wanted."""
    size = 8 << 20
    await line.say(
        f"POST /admin/login/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {size}\r\n\r\n".encode()
    )
    for _ in range(size // (1 << 14)):
        await line.say(b"a=b&" * (1 << 12))
    await line.answer()


async def larger_bodies(line: Line) -> None:
    """Larger than allowed, announced or not, sent all the same."""
    await line.say(f"POST /admin/login/ HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    for _ in range(1 << 10):
        await line.say(b"4000\r\n" + bytes(1 << 14) + b"\r\n")


async def halves(line: Line) -> None:
    """A request that never ends, and stays."""
    await line.say(b"GET /admin/login/ HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 8000)
    await asyncio.wait_for(line.reader.read(), 20)


async def readyz(line: Line) -> None:
    """Asked as often as it answers, several at once."""
    for _ in range(100):
        await line.say(f"GET /readyz HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode() * 10)
        for _ in range(10):
            await line.answer()


async def sign_ins(line: Line) -> None:
    """A name that nobody has tried, each time."""
    token = "a" * 32
    for _ in range(100):
        form = urlencode({"csrfmiddlewaretoken": token, "username": os.urandom(8).hex(), "password": "Spring-2026!"})
        await line.say(
            f"POST /admin/login/ HTTP/1.1\r\nHost: {HOST}\r\nCookie: csrftoken={token}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}".encode()
        )
        await line.answer()


async def sockets(line: Line) -> None:
    """Opened without a login, with a made-up one, and talked to whatever they say."""
    key = base64.b64encode(os.urandom(16)).decode()
    await line.say(
        f"GET /ws/live/ HTTP/1.1\r\nHost: {HOST}\r\nOrigin: http://{HOST}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Cookie: sessionid={os.urandom(16).hex()}\r\n\r\n".encode()
    )
    await line.reader.readuntil(b"\r\n\r\n")
    for _ in range(100):
        await line.say((b"\x89\x80" + bytes(4)) * 20 + b"\x81\xfe\x10\x00" + bytes(4) + b"x" * 4096)


ENTRY_POINTS: dict[str, Attack] = {
    "bodies": bodies,
    "larger bodies": larger_bodies,
    "half requests": halves,
    "/readyz": readyz,
    "sign-ins": sign_ins,
    "sockets": sockets,
}


async def flood(port: int, attack: Attack) -> int:
    """Goes on until it is cancelled; the bytes that were sent then."""
    pace = Pace(RATE)

    async def hand() -> None:
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
                reader, writer = await asyncio.open_connection(HOST, port)
                try:
                    await attack(Line(reader, writer, pace))
                finally:
                    writer.close()
            await asyncio.sleep(0.01)  # as fast as a client may come back

    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*(hand() for _ in range(HANDS)))
    return pace.sent
