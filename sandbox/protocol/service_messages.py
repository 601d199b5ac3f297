"""The service messages of MTProto: pings, acknowledgments, salts, states of messages, sessions.

https://core.telegram.org/mtproto/service_messages
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from telethon.extensions import BinaryReader
from telethon.tl import TLObject, functions, types

from sandbox.protocol import salts

if TYPE_CHECKING:
    from sandbox.protocol.connection import Connection
    from sandbox.protocol.session import Session

MAX_IDS = 8192  # per msgs_ack, msgs_state_req and msg_resend_req
_MAX_SALTS = 64
_VECTOR = 0x1CB5C415

Handler = Callable[["Connection", "Session", int, Any], None]
_handlers: dict[int, tuple[type[TLObject], Handler]] = {}
_NEVER_CONTENT = {
    cls.CONSTRUCTOR_ID for cls in (types.MsgsAck, types.MsgsStateInfo, types.MsgsAllInfo, types.MsgDetailedInfo)
}


def handle(connection: Connection, session: Session, msg_id: int, body: bytes) -> bool:
    """Handle a service message; False if the body is none (then it is a request to the API)."""
    constructor = int.from_bytes(body[:4], "little")
    known = _handlers.get(constructor)
    if known is None:
        return False
    kind, handler = known
    try:
        message = _read(kind, body)
    except Exception:  # noqa: BLE001 (hostile bytes make the parser raise anything)
        return True  # a service message that cannot be read has nobody to answer to
    handler(connection, session, msg_id, message)
    return True


def parity(body: bytes) -> int | None:
    """1 where only an odd sequence number fits, 0 where only an even one does, None where either does."""
    constructor = int.from_bytes(body[:4], "little")
    if constructor in _NEVER_CONTENT:
        return 0
    return None if constructor in _handlers else 1


def _read(kind: type[TLObject], body: bytes) -> Any:
    reader = BinaryReader(body)
    reader.read_int()
    if kind is types.MsgsAllInfo:  # its info is bytes, which Telethon would read as text
        if reader.read_int(signed=False) != _VECTOR:
            raise ValueError
        ids = [reader.read_long() for _ in range(reader.read_int())]
        return types.MsgsAllInfo(ids, reader.tgread_bytes())
    return kind.from_reader(reader)


def _on(*kinds: type[TLObject]) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for kind in kinds:
            _handlers[kind.CONSTRUCTOR_ID] = (kind, handler)
        return handler

    return register


def _answer(session: Session, answer: TLObject) -> None:
    session.send(bytes(answer), content=False, reply=True)


@_on(functions.PingRequest)
def _ping(connection: Connection, session: Session, msg_id: int, request: functions.PingRequest) -> None:
    _answer(session, types.Pong(msg_id, request.ping_id))


@_on(functions.PingDelayDisconnectRequest)
def _ping_delay_disconnect(
    connection: Connection, session: Session, msg_id: int, request: functions.PingDelayDisconnectRequest
) -> None:
    connection.end_after(request.disconnect_delay)
    _answer(session, types.Pong(msg_id, request.ping_id))


@_on(types.MsgsAck)
def _acks(connection: Connection, session: Session, msg_id: int, message: types.MsgsAck) -> None:
    if _within_limit(connection, message.msg_ids):
        session.acknowledged(message.msg_ids)


@_on(types.MsgsStateReq)
def _states(connection: Connection, session: Session, msg_id: int, message: types.MsgsStateReq) -> None:
    if _within_limit(connection, message.msg_ids):
        _tell_states(session, msg_id, message.msg_ids)


@_on(types.MsgResendReq)
def _resend(connection: Connection, session: Session, msg_id: int, message: types.MsgResendReq) -> None:
    """Send these messages again; if one of them is not there any more, tell the state of all instead."""
    if not _within_limit(connection, message.msg_ids):
        return
    if not all(wanted in session.unacked for wanted in message.msg_ids):
        _tell_states(session, msg_id, message.msg_ids)
    session.send_again(message.msg_ids)


@_on(types.MsgsAllInfo)
def _all_info(connection: Connection, session: Session, msg_id: int, message: Any) -> None:
    pairs = zip(message.msg_ids, message.info, strict=False)
    session.acknowledged(known for known, state in pairs if state & 7 == 4)


@_on(types.MsgsStateInfo, types.MsgDetailedInfo, types.MsgNewDetailedInfo, types.HttpWait, types.Pong)
def _nothing_to_do(connection: Connection, session: Session, msg_id: int, message: TLObject) -> None:
    """The server asks for no states and sends no pings; http_wait means something over HTTP only."""


@_on(functions.GetFutureSaltsRequest)
def _future_salts(
    connection: Connection, session: Session, msg_id: int, request: functions.GetFutureSaltsRequest
) -> None:
    now = session.server.clock()
    coming = salts.future(session.key, now, max(1, min(request.num, _MAX_SALTS)))
    head = struct.pack("<Iqii", types.FutureSalts.CONSTRUCTOR_ID, msg_id, int(now), len(coming))
    # Packed by hand: the salts are bare and their times plain integers.
    body = head + b"".join(struct.pack("<iiq", *salt) for salt in coming)
    session.send(body, content=False, reply=True)


@_on(functions.DestroySessionRequest)
def _destroy_session(
    connection: Connection, session: Session, msg_id: int, request: functions.DestroySessionRequest
) -> None:
    if request.session_id != session.session_id and session.server.end_session(session.key, request.session_id):
        _answer(session, types.DestroySessionOk(request.session_id))
    else:
        _answer(session, types.DestroySessionNone(request.session_id))


@_on(functions.DestroyAuthKeyRequest)
def _destroy_auth_key(
    connection: Connection, session: Session, msg_id: int, request: functions.DestroyAuthKeyRequest
) -> None:
    _answer(session, types.DestroyAuthKeyOk())
    session.flush()
    session.server.destroy_key(session.key, "destroy_auth_key")


@_on(functions.RpcDropAnswerRequest)
def _drop_answer(
    connection: Connection, session: Session, msg_id: int, request: functions.RpcDropAnswerRequest
) -> None:
    """https://core.telegram.org/mtproto/service_messages#cancellation-of-an-rpc-query"""
    received = session.received.get(request.req_msg_id)
    answer: TLObject = types.RpcAnswerUnknown()
    if received is not None and received.running:
        received.dropped = True
        answer = types.RpcAnswerDroppedRunning()
    elif received is not None and received.answer in session.unacked:
        sent = session.unacked.pop(received.answer)
        answer = types.RpcAnswerDropped(sent.msg_id, sent.seqno, len(sent.body))
    session.send_result(msg_id, bytes(answer))


def _within_limit(connection: Connection, ids: list[int]) -> bool:
    if len(ids) > MAX_IDS:
        connection.fail(429)
        return False
    return True


def _tell_states(session: Session, msg_id: int, ids: list[int]) -> None:
    info = bytes(_state(session, wanted) for wanted in ids)
    body = struct.pack("<Iq", types.MsgsStateInfo.CONSTRUCTOR_ID, msg_id) + TLObject.serialize_bytes(info)
    session.send(body, content=False, reply=True)


def _state(session: Session, msg_id: int) -> int:
    """https://core.telegram.org/mtproto/service_messages_about_messages#informational-message-regarding-status-of-messages"""
    received = session.received.get(msg_id)
    if received is None:
        if msg_id <= session.forgotten_below or msg_id < session.first_msg_id:
            return 1
        return 3 if msg_id > max(session.received, default=0) else 2
    state = 4
    if received.answer:
        state |= 8 | 64
    if received.seqno % 2 == 0:
        state |= 16
    if received.is_request:
        state |= 32
    return state
