"""What the application has yet to receive: a request's body piece by piece, a socket's messages a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import IO, Any

Message = dict[str, Any]

PIECE = 64 << 10
"""Bytes of a body that the application gets at once."""
MESSAGES = 8
"""A socket is not read while so many of its messages wait."""


class BodyInbox:
    """A whole body, from its file, which it closes; then http.disconnect when that has happened.

    daphne puts the body into its queue as messages before the application has asked for any of them, and so into
    memory; this one takes the file instead, and lets daphne put an empty body, which it ignores.
    """

    def __init__(self, body: IO[bytes]) -> None:
        self._body: IO[bytes] | None = body
        self._ended = asyncio.Event()

    def put_nowait(self, message: Message) -> None:
        if message["type"] == "http.disconnect":
            self.close()
            self._ended.set()

    async def get(self) -> Message:
        if self._body is None:
            await self._ended.wait()
            return {"type": "http.disconnect"}
        piece = self._body.read(PIECE)
        more = len(piece) == PIECE
        if not more:
            self.close()
        return {"type": "http.request", "body": piece, "more_body": more}

    def close(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            body.close()


class SocketInbox(asyncio.Queue[Message]):
    """Tells when it is full, and when there is room again; takes all the same what it is given."""

    def __init__(self, full: Callable[[], None], room: Callable[[], None]) -> None:
        super().__init__()
        self._full, self._room = full, room
        self._was_full = False

    def put_nowait(self, message: Message) -> None:
        super().put_nowait(message)
        if self.qsize() >= MESSAGES and not self._was_full:
            self._was_full = True
            self._full()

    async def get(self) -> Message:
        message = await super().get()
        if self._was_full and self.qsize() <= MESSAGES // 2:
            self._was_full = False
            self._room()
        return message
