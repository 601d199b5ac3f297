"""Encrypted packets as TL objects: what Telethon's MTProtoState and BinaryReader do, for thousands of packets a second.

The checks are Telethon's, one for one (https://core.telegram.org/mtproto/security_guidelines);
tests/telegram/test_packets.py holds the two against each other. What is saved: a struct is compiled once, a date is
made once a second, and a user or chat that comes again with the same bytes is the same object again: TL is read from
left to right, so equal bytes at the start are an equal object.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from telethon import types as T  # noqa: N812
from telethon.crypto import AES
from telethon.errors import InvalidBufferError, TypeNotFoundError
from telethon.errors.common import SecurityError
from telethon.extensions import BinaryReader
from telethon.network.mtprotostate import MSG_TOO_NEW_DELTA, MSG_TOO_OLD_DELTA, MTProtoState
from telethon.tl.alltlobjects import tlobjects
from telethon.tl.core.tlmessage import TLMessage

_INT = struct.Struct("<i").unpack_from
_UINT = struct.Struct("<I").unpack_from
_LONG = struct.Struct("<q").unpack_from
_ULONG = struct.Struct("<Q").unpack_from
_HEAD = struct.Struct("<qqqi").unpack_from  # salt, session, msg_id, seq_no; four bytes of length follow
_HEAD_SIZE = 32
_LEAST_PACKET = 8  # less is an error number of the transport
_VECTOR = 0x1CB5C415
_BIG = 254

_ENTITIES = frozenset(kind.CONSTRUCTOR_ID for kind in (T.User, T.Chat, T.Channel))
_KEY_BYTES = 28
"""Of an entity: its constructor, flags, id and, if there is one, its access hash."""
KEPT_ENTITIES = 2048
_known: dict[bytes, tuple[bytes, Any]] = {}
"""Users and chats as they came last, by their first bytes. For all connections: it holds nothing but what a constructor
makes of bytes, and the access hash in the key is one account's own."""


class Message(T.Message):
    """A message without the conveniences of Telethon's: its fields alone, as they were read."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__ = fields


_TYPES: dict[int, Any] = {**tlobjects, Message.CONSTRUCTOR_ID: Message}


class Reader(BinaryReader):
    """Reads TL objects out of bytes that are in memory whole."""

    stream: bytes
    position: int

    def read_byte(self) -> int:
        value = self.stream[self.position]
        self.position += 1
        return value

    def read_int(self, signed: bool = True) -> int:
        at = self.position
        self.position = at + 4
        value: int = (_INT if signed else _UINT)(self.stream, at)[0]
        return value

    def read_long(self, signed: bool = True) -> int:
        at = self.position
        self.position = at + 8
        value: int = (_LONG if signed else _ULONG)(self.stream, at)[0]
        return value

    def tgread_bytes(self) -> bytes:
        at = self.position
        size = self.stream[at]
        start = at + 1
        if size == _BIG:
            size, start = int.from_bytes(self.stream[start : at + 4], "little"), at + 4
        stop = start + size
        self.position = stop + (at - stop) % 4
        if self.position > len(self.stream):
            raise BufferError("No more data left to read")
        return self.stream[start:stop]

    def tgread_string(self) -> str:
        return self.tgread_bytes().decode("utf-8", "replace")

    def tgread_date(self) -> datetime:
        return _moment(self.read_int())

    def tgread_object(self) -> Any:
        at = self.position
        number = _UINT(self.stream, at)[0]
        kind = _TYPES.get(number)
        if kind is None:
            return super().tgread_object()
        if number in _ENTITIES:
            return self._entity(kind, at)
        self.position = at + 4
        return kind.from_reader(self)

    def _entity(self, kind: Any, at: int) -> Any:
        key = self.stream[at : at + _KEY_BYTES]
        known = _known.get(key)
        if known is not None and self.stream.startswith(known[0], at):
            self.position = at + len(known[0])
            return known[1]
        self.position = at + 4
        entity = kind.from_reader(self)
        _known.pop(key, None)
        if len(_known) >= KEPT_ENTITIES:
            del _known[next(iter(_known))]
        _known[key] = (self.stream[at : self.position], entity)
        return entity


_last_moment = (0, datetime.fromtimestamp(0, UTC))


def _moment(seconds: int) -> datetime:
    global _last_moment  # noqa: PLW0603 - a cache of one entry
    last = _last_moment
    if last[0] != seconds:
        last = _last_moment = (seconds, datetime.fromtimestamp(seconds, UTC))
    return last[1]


class State(MTProtoState):
    """Opens packets, and tells of those that cannot be read: Telethon drops them whole, with a line in the log."""

    on_unreadable: Callable[[int, bytes], None]
    _highest_remote_id: int

    def decrypt_message_data(self, body: bytes) -> Any:
        """The message in a packet, None for one that has come before or is too old or too new.

        Raises SecurityError for one that is not Telegram's, TypeNotFoundError, InvalidBufferError for a bare error
        number.
        """
        now = time.time()
        plain = self._open(body)
        _, session, msg_id, seq_no = _HEAD(plain)
        if session != self.id:
            raise SecurityError("Server replied with a wrong session ID (see FAQ for details)")
        if not msg_id % 2:
            raise SecurityError("Server sent an even msg_id")
        if msg_id <= self._highest_remote_id and msg_id in self._recent_remote_ids:
            self._count_ignored()
            return None
        reader = Reader(plain)
        reader.position = _HEAD_SIZE
        try:
            found = reader.tgread_object()
        except TypeNotFoundError as error:
            self.on_unreadable(error.invalid_constructor_id, error.remaining)
            raise
        if found.CONSTRUCTOR_ID in _ABOUT_TIME:
            if not self._highest_remote_id and not self.time_offset:
                self.update_time_offset(msg_id)
        elif not -MSG_TOO_NEW_DELTA <= now + self.time_offset - (msg_id >> 32) <= MSG_TOO_OLD_DELTA:
            self._count_ignored()
            return None
        self._recent_remote_ids.append(msg_id)
        self._highest_remote_id = msg_id
        self._ignore_count = 0
        return TLMessage(msg_id, seq_no, found)

    def _open(self, body: bytes) -> bytes:
        """What is encrypted in a packet, once it is sure that it comes from who has the key."""
        if len(body) < _LEAST_PACKET:
            raise InvalidBufferError(body)
        key = self.auth_key.key
        if _ULONG(body, 0)[0] != self.auth_key.key_id:
            raise SecurityError("Server replied with an invalid auth key")
        msg_key = body[8:24]
        plain: bytes = AES.decrypt_ige(body[24:], *self._calc_key(key, msg_key, False))
        if msg_key != sha256(key[96:128] + plain).digest()[8:24]:
            raise SecurityError("Received msg_key doesn't match with expected one")
        return plain


_ABOUT_TIME = frozenset((T.BadServerSalt.CONSTRUCTOR_ID, T.BadMsgNotification.CONSTRUCTOR_ID))
