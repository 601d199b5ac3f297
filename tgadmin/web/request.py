"""A request over HTTP: its body goes to a file, its answer goes out as its reader takes it."""

from __future__ import annotations

import io
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from daphne.http_protocol import WebRequest

from tgadmin.web.channel import Channel
from tgadmin.web.inbox import BodyInbox

IN_MEMORY = 16 << 10
"""Bytes of a body that are kept in memory; a larger one goes to a temporary file."""


class Request(WebRequest):
    """Beside daphne's: no body is parsed here (the application does, within its own limits)."""

    channel: Channel
    content: IO[bytes]

    def __init__(self, channel: Channel, queued: object = False) -> None:
        super().__init__(channel, queued, parsePOSTFormSubmission=False)
        self.valve, self.connection = channel.valve, channel.connection

    def gotLength(self, length: int | None) -> None:
        self.content = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed with the request

    def handleContentChunk(self, data: bytes) -> None:
        if self.channel.takes(len(data)):
            self.content.write(data)

    def make_inbox(self) -> BodyInbox:
        """From here on the body is the inbox's."""
        body, self.content = self.content, io.BytesIO()
        return BodyInbox(body)

    def handle_exception(self, exception: Exception) -> None:
        """An answer that has begun cannot become another one: it breaks off, so that nobody takes it for whole."""
        if self._response_started:
            if self.channel is not None:
                self.channel.transport.abortConnection()
        else:
            super().handle_exception(exception)

    def busy(self, sentence: str, seconds: int) -> None:
        """503: too many wait already."""
        headers = [
            (b"Content-Type", b"text/plain; charset=utf-8"),
            (b"Cache-Control", b"no-store"),
            (b"Retry-After", str(seconds).encode()),
        ]
        self._say({"type": "http.response.start", "status": 503, "headers": headers})
        self._say({"type": "http.response.body", "body": sentence.encode() + b"\n"})

    def _say(self, message: dict[str, Any]) -> None:
        self.handle_reply(message)
