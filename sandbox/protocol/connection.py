"""One TCP connection of a client: bytes in, packets to their session, packets out; and what faults do to it."""

from __future__ import annotations

import asyncio
import itertools
import logging
import struct
from collections import deque
from typing import TYPE_CHECKING, cast

from sandbox.protocol import incoming
from sandbox.protocol.cipher import CipherError, decrypt, read_plain, write_plain
from sandbox.protocol.framing import Framing, FramingError
from sandbox.protocol.keyexchange import HandshakeError

if TYPE_CHECKING:
    from sandbox.protocol.centre import Centre
    from sandbox.protocol.keys import AuthKey
    from sandbox.protocol.session import Session

log = logging.getLogger(__name__)

MAX_UNSENT = 64 * 1024 * 1024  # bytes that may wait for a client which does not read
_numbers = itertools.count(1)


class Connection(asyncio.Protocol):
    """The server's end of a connection to the data centre ``dc_id``."""

    def __init__(self, server: Centre, dc_id: int) -> None:
        self.server = server
        self.dc_id = dc_id
        self.number = next(_numbers)
        self.address = ""
        self.key: AuthKey | None = None  # the last key that was used on it
        self.sessions: set[Session] = set()
        self.frozen = False
        self.half_open = False
        self.asked = False  # whether an API request came over it
        self._framing = Framing()
        self._transport: asyncio.Transport | None = None
        self._held: list[bytes] = []  # packets that arrived while frozen
        self._out: deque[tuple[float, bytes]] = deque()  # bytes that a fault holds back, with their time
        self._out_timer: asyncio.TimerHandle | None = None
        self._end_timer: asyncio.TimerHandle | None = None
        self._why = "closed by client"
        self._plain_id = 0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0])
        self.server.connections.add(self)
        self.server.record.opened(self.number, f"{peer[0]}:{peer[1]}", self.dc_id)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._out_timer, self._end_timer):
            if timer is not None:
                timer.cancel()
        self._transport = None
        self.server.connections.discard(self)
        for session in self.sessions:
            session.detach(self)
        self.server.record.closed(self.number, self._why)

    def data_received(self, data: bytes) -> None:
        if self.half_open:
            return
        try:
            packets = self._framing.feed(data)
        except FramingError as error:
            self.close(f"transport: {error}")
            return
        for packet, quick_ack in packets:
            if self._transport is None or self._transport.is_closing() or self.half_open:
                return
            self._receive(packet, quick_ack)

    # What the rest of the data centre does with it

    def send(self, packet: bytes) -> None:
        """Send a packet, in order with all others."""
        self._write(self._framing.wrap(packet))

    def close(self, why: str) -> None:
        """Close the connection after what was written has left; what a fault holds back is lost."""
        if self._transport is not None and not self._transport.is_closing():
            self._why = why
            self._transport.close()

    def fail(self, code: int) -> None:
        """Send a transport error (its code positive) and close."""
        self._write(self._framing.wrap(struct.pack("<i", -code)))
        self.close(f"transport error {code}")

    def end_after(self, seconds: int) -> None:
        """ping_delay_disconnect: close in so many seconds, unless called again before."""
        if self._end_timer is not None:
            self._end_timer.cancel()
        loop = asyncio.get_running_loop()
        self._end_timer = loop.call_later(max(0, seconds), self.close, "ping_delay_disconnect ran out")

    def leave_half_open(self) -> None:
        """Half-open from now on: for this end it is gone, the client's end stands until the client closes it."""
        self.half_open = True
        if self._end_timer is not None:
            self._end_timer.cancel()
        sessions, self.sessions = self.sessions, set()
        for session in sessions:
            session.detach(self)

    def freeze(self) -> None:
        """Neither read nor write, but keep the connection open: what the client sends piles up in its socket."""
        self.frozen = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def thaw(self) -> None:
        """Go on where :meth:`freeze` stopped."""
        if not self.frozen:
            return
        self.frozen = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        held, self._held = self._held, []
        for packet in held:
            self._receive(packet, False)
        self._release()

    # Inside

    def _receive(self, packet: bytes, quick_ack: bool) -> None:
        if self.frozen:
            self._held.append(packet)
            return
        if len(packet) < 8:
            self.fail(404)
            return
        (key_id,) = struct.unpack_from("<q", packet)
        try:
            if key_id == 0:
                self._exchange(packet)
            else:
                self._receive_encrypted(key_id, packet, quick_ack)
        except CipherError as error:
            self.close(f"cipher: {error}")
        except Exception:
            # A bug of ours must not take the other clients' server down.
            log.exception("a packet could not be handled")
            self.close("internal error")

    def _exchange(self, packet: bytes) -> None:
        msg_id, body = read_plain(packet)
        if msg_id % 4:
            raise CipherError("message id")
        try:
            answer, created = self.server.exchange(self.dc_id).answer(body)
        except HandshakeError as error:
            self.fail(error.code)
            return
        if created is not None:
            created.ip = self.address
            self.server.commit()
        now = self.server.clock()
        self._plain_id = max(int(now) << 32 | int(now % 1 * 1_000_000_000) << 2, self._plain_id + 4)
        self.send(write_plain(self._plain_id | 1, bytes(answer)))

    def _receive_encrypted(self, key_id: int, packet: bytes, quick_ack: bool) -> None:
        key = self.server.find_key(key_id, self.dc_id)
        if key is None:
            self.fail(404)
            return
        if key is not self.key:
            self.key = key
            self.server.record.keyed(self.number, key.unsigned_id)
        code = self.server.faults.transport_error(key)
        if code:
            self.fail(code)
            return
        if self.server.faults.is_frozen(key):
            self.freeze()
            self._held.append(packet)
            return
        message = decrypt(key.key, packet)
        self.server.record.heard(self.number)
        if quick_ack:
            self._write(self._framing.wrap_quick_ack(message.token))
        incoming.receive(self, key, message)

    def _write(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing() or self.half_open:
            return
        delay = 0.0 if self.key is None else self.server.faults.delay_of(self.key)
        if self.frozen or delay or self._out:
            self._out.append((asyncio.get_running_loop().time() + delay, data))
            self._release()
            return
        transport.write(data)
        if transport.get_write_buffer_size() > MAX_UNSENT:
            self._why = "the client does not read"
            transport.abort()

    def _release(self) -> None:
        """Send what a fault held back and whose time has come."""
        if self._out_timer is not None:
            self._out_timer.cancel()
            self._out_timer = None
        if self.frozen or self._transport is None:
            return
        loop = asyncio.get_running_loop()
        while self._out and self._out[0][0] <= loop.time():
            self._transport.write(self._out.popleft()[1])
        if self._out:
            self._out_timer = loop.call_at(self._out[0][0], self._release)
