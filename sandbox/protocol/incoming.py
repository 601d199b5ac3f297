"""What a client's decrypted packet means: its ids, containers, duplicates; then on to a service message or a method.

https://core.telegram.org/mtproto/service_messages_about_messages#notice-of-ignored-error-message
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from typing import TYPE_CHECKING

from telethon.tl import types

from sandbox.protocol import salts, service_messages
from sandbox.protocol.session import CONTAINER_ID, Received, Session

if TYPE_CHECKING:
    from sandbox.protocol.cipher import Incoming
    from sandbox.protocol.connection import Connection
    from sandbox.protocol.keys import AuthKey

MAX_IN_CONTAINER = 1024
TOO_OLD = 300  # seconds; https://core.telegram.org/mtproto/description#message-identifier-msg-id
TOO_NEW = 30
_MAX_UNPACKED = 8 * 1024 * 1024
_SMALL_ANSWER = 4096  # bytes; a larger one is announced to whoever repeats its request, a smaller one sent again
_GZIP_PACKED = b"\xa1\xcf\x72\x30"
_CONTAINER = struct.pack("<I", CONTAINER_ID)
_HEAD = struct.Struct("<qii")

Inner = tuple[int, int, bytes]  # message id, sequence number, body


class ContainerError(Exception):
    """An invalid container."""


class LimitError(Exception):
    """More in one packet than Telegram allows: transport error 429."""


def receive(connection: Connection, key: AuthKey, message: Incoming) -> None:
    """Take one decrypted packet."""
    session = connection.server.session(key, message.session_id)
    session.attach(connection)
    now = connection.server.clock()
    if error := _id_error(message.msg_id, now):
        _reject(session, message, error)
    elif not salts.accepted(key, message.salt, now):
        new = types.BadServerSalt(message.msg_id, message.seqno, 48, salts.current(key, now))
        session.send(bytes(new), content=False, reply=True)
    else:
        try:
            _accept(connection, session, message)
        except ContainerError:
            _reject(session, message, 64)
        except LimitError:
            connection.fail(429)


def _accept(connection: Connection, session: Session, message: Incoming) -> None:
    if message.body[:4] == _CONTAINER:
        inner = _open_container(message)
        error = 34 if message.seqno % 2 else 0
        if message.msg_id in session.received:
            error = 19
    else:
        inner = [(message.msg_id, message.seqno, message.body)]
        error = 0
        if message.msg_id <= session.forgotten_below and message.msg_id not in session.received:
            error = 20
    # A container is accepted or refused as a whole, so all is checked before anything is done.
    error = error or _seqno_error(session, message, inner)
    if error:
        _reject(session, message, error)
        return
    first = min((msg_id for msg_id, _, _ in inner), default=message.msg_id)
    if not session.first_msg_id or first < session.first_msg_id:
        session.first_msg_id = first
        salt = salts.current(session.key, connection.server.clock())
        session.send(bytes(types.NewSessionCreated(first, session.unique_id, salt)))
    for msg_id, seqno, body in inner:
        _process(connection, session, msg_id, seqno, body)
    if message.msg_id not in session.received:
        session.remember(message.msg_id, message.seqno)


def _process(connection: Connection, session: Session, msg_id: int, seqno: int, body: bytes) -> None:
    before = session.received.get(msg_id)
    if before is not None:
        _repeat(session, msg_id, before)
        return
    received = session.remember(msg_id, seqno)
    body = unpacked(body)
    if service_messages.handle(connection, session, msg_id, body):
        return
    received.is_request = received.running = True
    session.will_ack(msg_id)
    task = asyncio.get_running_loop().create_task(session.server.execute(connection, session, msg_id, body))
    connection.server.tasks.add(task)
    task.add_done_callback(connection.server.tasks.discard)


def _repeat(session: Session, msg_id: int, before: Received) -> None:
    """A message that was received before is not executed again; its answer is sent again, or announced if it is large.

    https://core.telegram.org/mtproto/service_messages_about_messages#extended-voluntary-communication-of-status-of-one-message
    """
    answer = session.unacked.get(before.answer)
    if answer is None:
        session.will_ack(msg_id)
    elif len(answer.body) <= _SMALL_ANSWER:
        session.send_again((answer.msg_id,))
    else:
        info = types.MsgDetailedInfo(msg_id, answer.msg_id, len(answer.body), 0)
        session.send(bytes(info), content=False, reply=True)


def unpacked(body: bytes) -> bytes:
    """The body, out of its gzip_packed if it is in one. One that cannot be unpacked is returned as it is."""
    if body[:4] != _GZIP_PACKED:
        return body
    try:
        length, head = body[4], 5
        if length == 254:
            length, head = int.from_bytes(body[5:8], "little"), 8
        unzip = zlib.decompressobj(wbits=31)
        plain = unzip.decompress(body[head : head + length], _MAX_UNPACKED)
        return plain if unzip.eof and len(plain) >= 4 else body
    except (IndexError, zlib.error):
        return body


def _open_container(message: Incoming) -> list[Inner]:
    body = message.body
    if len(body) < 8:
        raise ContainerError
    (count,) = struct.unpack_from("<i", body, 4)
    if count < 0:
        raise ContainerError
    if count > MAX_IN_CONTAINER:
        raise LimitError
    inner: list[Inner] = []
    at = 8
    for _ in range(count):
        if at + _HEAD.size > len(body):
            raise ContainerError
        msg_id, seqno, length = _HEAD.unpack_from(body, at)
        at += _HEAD.size
        part = body[at : at + length]
        at += length
        if length < 4 or length % 4 or at > len(body) or msg_id >= message.msg_id or msg_id % 4:
            raise ContainerError
        if part[:4] == _CONTAINER:
            raise ContainerError
        inner.append((msg_id, seqno, part))
    if at != len(body):
        raise ContainerError
    return inner


def _id_error(msg_id: int, now: float) -> int:
    if msg_id % 4:
        return 18
    when = msg_id >> 32
    if when < now - TOO_OLD:
        return 16
    return 17 if when > now + TOO_NEW else 0


def _seqno_error(session: Session, message: Incoming, inner: list[Inner]) -> int:
    for msg_id, seqno, body in inner:
        if msg_id in session.received:
            continue
        error = _parity_error(seqno, body) or session.seqno_error(msg_id, seqno)
        if error:
            return error
    if message.msg_id in session.received:
        return 0
    return session.seqno_error(message.msg_id, message.seqno)


def _parity_error(seqno: int, body: bytes) -> int:
    """Requests have odd sequence numbers, acknowledgments even ones; pings and their kin may have either."""
    kind = service_messages.parity(body)
    if kind is None or seqno % 2 == kind:
        return 0
    return 35 if kind else 34


def _reject(session: Session, message: Incoming, error: int) -> None:
    notice = types.BadMsgNotification(message.msg_id, message.seqno, error)
    session.send(bytes(notice), content=False, reply=True)
