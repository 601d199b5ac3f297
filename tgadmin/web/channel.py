"""An HTTP connection: how long it may take, how much it may send, what is not HTTP.

Twisted reads requests one after the other. This channel answers what it does not take with a sentence, closes, and
reads on for a moment, so that the sentence arrives before the system's "connection reset".
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from twisted.web.http import HTTPChannel, Request

from tgadmin.web.connections import Connection, End
from tgadmin.web.limits import KIB, MIB, Limits
from tgadmin.web.transport import Transport, Valve

LINGER_SECONDS = 2.0
LINGER_BYTES = 8 * MIB
"""After a refusal so much is read, and thrown away, for so long."""
OVERHEAD = 64 * KIB
"""Bytes that the framing of a chunked body may take beyond as many as the body itself."""
LENGTH_DIGITS = 18

REASONS = {
    400: b"Bad Request",
    408: b"Request Timeout",
    413: b"Content Too Large",
    417: b"Expectation Failed",
    431: b"Request Header Fields Too Large",
}
TOO_LARGE = "This is larger than what is taken here."
TOO_MANY_HEADERS = "The request's headers are too large."
NOT_HTTP = "This is not a request that can be understood."
TOO_SLOW = "The request did not arrive in time."
NO_EXPECTATION = "Only 100-continue can be expected here."


class Channel(HTTPChannel):
    """One connection's requests, one after the other; the next one is begun when the last answer has been taken."""

    transport: Transport
    limits: Limits
    connection: Connection

    def __init__(self, connection: Connection, limits: Limits) -> None:
        super().__init__()
        self.connection, self.limits = connection, limits
        self.maxHeaders = limits.headers
        self.totalHeadersSize = self.MAX_LENGTH = limits.header_bytes
        self.valve = Valve()
        self._is_over = False
        self._idle = False
        self._discarded = 0
        self._wire_bytes = 0
        self._body_began = 0.0
        self._answered: Request | None = None

    def connectionMade(self) -> None:
        self.connection.wire = self.transport
        self.connection.on_end = self._end
        self.transport.connection = self.connection
        super().connectionMade()

    def connectionLost(self, reason: Any) -> None:
        self.connection.gone()
        self.valve.gone()
        if self._answered is not None:  # it has been told of its end already
            self.requests.remove(self._answered)
            self._answered = None
        super().connectionLost(reason)

    # --- reading ------------------------------------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        if self._is_over:
            self._discard(data)
            return
        if self._idle:
            self._idle = False
            self.connection.waits(self.limits.header_seconds)
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        if self._is_over:
            return
        if self._receivedHeaderSize + len(line) > self.totalHeadersSize:
            self.refuse(431, TOO_MANY_HEADERS)
        elif line[:1] in (
            b" ",
            b"\t",
        ):  # a header that goes on in the next line: long abolished, read differently by all
            self.refuse(400, NOT_HTTP)
        else:
            super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(431, TOO_MANY_HEADERS)

    def headerReceived(self, line: bytes) -> bool:
        if self._is_over:
            return False
        if self._receivedHeaderCount >= self.maxHeaders:
            self.refuse(431, TOO_MANY_HEADERS)
            return False
        name, _, value = line.partition(b":")
        value = value.strip(b" \t")
        if name.lower() == b"content-length" and value.isdigit() and len(value) > LENGTH_DIGITS:
            self.refuse(413, TOO_LARGE)
            return False
        return bool(super().headerReceived(line))

    def allHeadersReceived(self) -> None:
        if self._is_over:
            self.length = None  # there is nothing to answer: the rest is thrown away
            return
        refusal = self._refusal()
        if refusal is not None:
            self.refuse(*refusal)
            self.length = None
            return
        if self.length != 0:
            self._body_began = self.connection.clock()
            self._wire_bytes = 0
            self.connection.waits(self.limits.body_seconds)
        super().allHeadersReceived()

    def _refusal(self) -> tuple[int, str] | None:
        """What is wrong with the request, by its headers."""
        headers = self.requests[-1].requestHeaders
        encodings = headers.getRawHeaders(b"Transfer-Encoding", [])
        # With both lengths, or an encoding that others may read differently, two servers would see two requests.
        if encodings and (encodings != [b"chunked"] or self._version != b"HTTP/1.1" or self.length is not None):
            return 400, NOT_HTTP
        if self.length is not None and self.length > self.body_limit():
            return 413, TOO_LARGE
        upgrades = [value.lower() for value in headers.getRawHeaders(b"Upgrade", [])]
        if b"websocket" in upgrades and self.length != 0:
            return 400, NOT_HTTP
        expected = [value.lower() for value in headers.getRawHeaders(b"Expect", [])]
        if expected not in ([], [b"100-continue"]):
            return 417, NO_EXPECTATION
        return None

    def body_limit(self) -> int:
        """The largest body of the request that is being read."""
        path = self._path.partition(b"?")[0]
        return self.limits.body_of(unquote(path.decode("latin-1")))

    def rawDataReceived(self, data: bytes) -> None:
        if self._is_over:
            self._discard(data)
            return
        if not self._handlingRequest and self.length is None:
            self._wire_bytes += len(data)
            if self._wire_bytes - OVERHEAD - len(data) > 2 * self.connection.stored:
                self.refuse(400, NOT_HTTP)
                return
        super().rawDataReceived(data)

    def takes(self, size: int) -> bool:
        """Whether so many further bytes of a body are taken; refuses the request if they are too many."""
        if self._is_over:
            return False
        connection = self.connection
        if connection.stored + size > self.body_limit():
            self.refuse(413, TOO_LARGE)
            return False
        connection.stored += size
        patience = self.limits.body_seconds + connection.stored / self.limits.body_rate
        connection.until(self._body_began + patience)
        return True

    def allContentReceived(self) -> None:
        if not self._is_over:
            self.connection.works()
            super().allContentReceived()

    # --- answering ----------------------------------------------------------------------------------------------------

    def pauseProducing(self) -> None:
        """The client does not read as fast as we write."""
        super().pauseProducing()
        self.valve.pauseProducing()
        if self._handlingRequest:
            self.connection.waits()

    def resumeProducing(self) -> None:
        super().resumeProducing()
        self.valve.resumeProducing()
        if self._answered is not None:
            answered, self._answered = self._answered, None
            self._next_after(answered)
        elif self._handlingRequest:
            self.connection.works()

    def requestDone(self, request: Request) -> None:
        """The next request, which may be here already, waits until this one's answer has been taken."""
        if self._waitingForTransport and self.persistent and not self._is_over:
            self._answered = request
        else:
            self._next_after(request)

    def _next_after(self, request: Request) -> None:
        self.connection.stored = 0
        if not self._is_over:
            self._idle = True
            self.connection.waits(self.limits.idle_seconds)
        super().requestDone(request)

    def loseConnection(self) -> None:
        self._is_over = True
        self.connection.waits()
        super().loseConnection()

    # --- ending -------------------------------------------------------------------------------------------------------

    def refuse(self, status: int, sentence: str) -> None:
        """An answer of one sentence; whatever else comes is thrown away."""
        if self._is_over:
            return
        self._is_over = True
        self.connection.stored = 0
        self.connection.waits(LINGER_SECONDS)
        self.clearLineBuffer()
        body = sentence.encode() + b"\n"
        head = (
            f"HTTP/1.1 {status} {REASONS[status].decode()}\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.loseWriteConnection()
        self.transport.resumeProducing()

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(400, NOT_HTTP)

    def _discard(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > LINGER_BYTES:
            self.transport.abortConnection()

    def _end(self, reason: End) -> None:
        reads_body = not self._handlingRequest and self.connection.stored > 0
        if reason is not End.LATE or self._is_over:
            self.transport.abortConnection()
        elif reads_body or self._body_is_due():
            self.refuse(408, TOO_SLOW)
        elif self.transport.pending:
            self.transport.abortConnection()
        else:
            self.loseConnection()

    def _body_is_due(self) -> bool:
        return not self._handlingRequest and self._transferDecoder is not None and not self.line_mode
