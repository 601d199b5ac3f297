"""One MTProto session: what was received in it, what was sent and not yet acknowledged, and its way to the client.

A session is named by (auth key, session id) and outlives its connections. https://core.telegram.org/mtproto/description#session
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telethon.tl import types

from sandbox.protocol import salts
from sandbox.protocol.cipher import encrypt

if TYPE_CHECKING:
    from sandbox.protocol.centre import Centre
    from sandbox.protocol.connection import Connection
    from sandbox.protocol.keys import AuthKey

CONTAINER_ID = 0x73F1F8DC
MAX_REMEMBERED = 8192  # incoming message ids that are told apart from new ones
MAX_UNACKED = 4096  # outgoing messages that are kept until the client has them
_CONTAINER_MESSAGES = 100
_CONTAINER_BYTES = 512 * 1024
_MESSAGE = struct.Struct("<qii")
_RESULT = struct.Struct("<Iq")
_RESULT_ID = 0xF35C6D01
_TOO_LONG = bytes(types.UpdatesTooLong())


@dataclass(slots=True)
class Sent:
    """A message to the client."""

    msg_id: int
    seqno: int
    body: bytes
    again: bool = False  # sent before: its id may be old, so it must travel in a container


@dataclass(slots=True)
class Received:
    """A message from the client. ``answer`` is the id of the message that answered it."""

    seqno: int
    is_request: bool = False
    running: bool = False
    failed: bool = False
    dropped: bool = False
    answer: int = 0
    waiters: list[asyncio.Future[None]] = field(default_factory=list)


class Session:
    """The server's side of one session."""

    def __init__(self, server: Centre, key: AuthKey, session_id: int) -> None:
        self.server = server
        self.key = key
        self.session_id = session_id
        self.unique_id = int.from_bytes(secrets.token_bytes(8), "little", signed=True)
        self.first_msg_id = 0  # 0: no message was accepted yet
        self.updates = True
        self.asked = False  # whether an API request was ever made in it
        self.connection: Connection | None = None
        self.connections: list[Connection] = []  # all that it is used on, the one that spoke last at the end
        self.left_at = 0.0  # when the last connection went away
        self.received: dict[int, Received] = {}
        self.forgotten_below = 0
        self.unacked: OrderedDict[int, Sent] = OrderedDict()
        self._ids: list[int] = []  # sorted keys of ``received``
        self._overflowed = False
        self._content_sent = 0
        self._last_id = 0
        self._queue: list[Sent] = []
        self._key_id = struct.pack("<q", key.id)
        self._to_ack: set[int] = set()

    # What arrives

    def seqno_error(self, msg_id: int, seqno: int) -> int:
        """32 or 33 if the sequence number does not fit between those of its neighbours, else 0."""
        at = bisect_left(self._ids, msg_id)
        if at and _collides(self.received[self._ids[at - 1]].seqno, seqno):
            return 32
        if at < len(self._ids) and _collides(seqno, self.received[self._ids[at]].seqno):
            return 33
        return 0

    def remember(self, msg_id: int, seqno: int) -> Received:
        """Note that a message was accepted; the oldest are forgotten when there are too many."""
        received = self.received[msg_id] = Received(seqno)
        insort(self._ids, msg_id)
        if len(self._ids) > MAX_REMEMBERED:
            old, self._ids = self._ids[: MAX_REMEMBERED // 4], self._ids[MAX_REMEMBERED // 4 :]
            self.forgotten_below = old[-1]
            for gone in old:
                del self.received[gone]
        return received

    def acknowledged(self, msg_ids: Iterable[int]) -> None:
        """The client has these messages."""
        for msg_id in msg_ids:
            self.unacked.pop(msg_id, None)

    # What leaves

    def attach(self, connection: Connection) -> None:
        """Send to this connection from now on. After a lost one, what was not acknowledged is sent again."""
        before, self.connection = self.connection, connection
        if before is connection:
            return
        connection.sessions.add(self)
        self.connections = [*(each for each in self.connections if each is not connection), connection]
        if before is None and self.first_msg_id:
            if self._overflowed:
                self._overflowed = False
                self.send(_TOO_LONG)
            self._enqueue(Sent(sent.msg_id, sent.seqno, sent.body, True) for sent in list(self.unacked.values()))

    def detach(self, connection: Connection) -> None:
        """The connection is gone; another one of the session takes its place, with what is not acknowledged."""
        self.connections.remove(connection)
        if self.connection is not connection:
            return
        self.connection = None
        self.left_at = self.server.clock()
        self._queue.clear()
        if self.connections:
            self.attach(self.connections[-1])

    def send(self, body: bytes, *, content: bool = True, reply: bool = False) -> Sent:
        """Send a message; one with ``content`` is kept until the client has acknowledged it."""
        seqno = self._content_sent * 2 + content
        sent = Sent(self._next_id(reply), seqno, body)
        if content:
            self._content_sent += 1
            self._keep(sent)
        if self.connection is not None:
            self._enqueue((sent,))
        return sent

    def send_result(self, req_msg_id: int, body: bytes) -> None:
        """Answer a request."""
        sent = self.send(_RESULT.pack(_RESULT_ID, req_msg_id) + body, reply=True)
        self._to_ack.discard(req_msg_id)
        if (received := self.received.get(req_msg_id)) is not None:
            received.answer = sent.msg_id

    def send_again(self, msg_ids: Iterable[int]) -> None:
        """Send messages once more that the client says it lacks."""
        kept = [self.unacked[msg_id] for msg_id in msg_ids if msg_id in self.unacked]
        self._enqueue(Sent(sent.msg_id, sent.seqno, sent.body, True) for sent in kept)

    def will_ack(self, msg_id: int) -> None:
        """Acknowledge a message unless its answer, which says the same, leaves at once."""
        if not self._to_ack:
            loop = asyncio.get_running_loop()
            # Two turns of the loop: the requests of this packet begin in the next one, and most end there too.
            loop.call_soon(loop.call_soon, self._send_acks)
        self._to_ack.add(msg_id)

    def flush(self) -> None:
        """Hand everything that is queued to the connection, in containers where several messages wait."""
        queue, self._queue = self._queue, []
        connection = self.connection
        if connection is None or not queue:
            return
        salt = salts.current(self.key, self.server.clock())
        for batch in _batches(queue):
            connection.send(self._packet(salt, batch))

    def _packet(self, salt: int, batch: list[Sent]) -> bytes:
        if len(batch) == 1 and not batch[0].again:
            sent = batch[0]
            return encrypt(self.key.key, self._key_id, salt, self.session_id, sent.msg_id, sent.seqno, sent.body)
        parts = [struct.pack("<Ii", CONTAINER_ID, len(batch))]
        for sent in batch:
            parts += (_MESSAGE.pack(sent.msg_id, sent.seqno, len(sent.body)), sent.body)
        head = (self._next_id(reply=False), self._content_sent * 2)
        return encrypt(self.key.key, self._key_id, salt, self.session_id, *head, b"".join(parts))

    def _enqueue(self, messages: Iterable[Sent]) -> None:
        if not self._queue:
            asyncio.get_running_loop().call_soon(self.flush)
        self._queue.extend(messages)

    def _keep(self, sent: Sent) -> None:
        self.unacked[sent.msg_id] = sent
        if len(self.unacked) > MAX_UNACKED:
            self.unacked.popitem(last=False)
            self._overflowed = self._overflowed or self.connection is None

    def _send_acks(self) -> None:
        to_ack, self._to_ack = sorted(self._to_ack), set()
        if to_ack and self.connection is not None:
            self.send(bytes(types.MsgsAck(to_ack)), content=False)

    def _next_id(self, reply: bool) -> int:
        """Ids grow, carry the time, and are 1 (mod 4) for replies, 3 for the rest.

        https://core.telegram.org/mtproto/description#message-identifier-msg-id
        """
        now = self.server.clock()
        seconds = int(now)
        fresh = seconds << 32 | int((now - seconds) * 1_000_000_000) << 2
        self._last_id = max(fresh, (self._last_id | 3) + 1)
        self._last_id |= 1 if reply else 3
        return self._last_id


def _collides(lower: int, higher: int) -> bool:
    """Whether a message with the lower id may not have ``lower`` while the one above it has ``higher``."""
    return lower > higher or (lower == higher and lower % 2 == 1)


def _batches(queue: list[Sent]) -> Iterable[list[Sent]]:
    batch: list[Sent] = []
    size = 0
    for sent in queue:
        if batch and (len(batch) >= _CONTAINER_MESSAGES or size + len(sent.body) > _CONTAINER_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(sent)
        size += len(sent.body) + _MESSAGE.size
    yield batch
