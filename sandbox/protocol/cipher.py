"""MTProto 2.0's encryption, seen from the server. https://core.telegram.org/mtproto/description#protocol-description"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from dataclasses import dataclass
from hashlib import sha256

from telethon.crypto import AES

_FROM_CLIENT, _FROM_SERVER = 0, 8
_HEAD = struct.Struct("<qqqii")  # salt, session id, message id, sequence number, length
_PLAIN = struct.Struct("<qqi")
_MIN_PADDING, _MAX_PADDING = 12, 1024


class CipherError(Exception):
    """A packet that cannot be trusted: nothing of it may be used."""


@dataclass(slots=True)
class Incoming:
    """A decrypted message. ``token`` is the quick ack that the client may have asked for."""

    salt: int
    session_id: int
    msg_id: int
    seqno: int
    body: bytes
    token: bytes


def decrypt(key: bytes, packet: bytes) -> Incoming:
    """Open a client's packet (auth key id, message key, encrypted data) with the 256-byte ``key``.

    Checks what the security guidelines ask for: the message key over the whole plaintext, the length, the padding.
    https://core.telegram.org/mtproto/security_guidelines
    """
    size = len(packet) - 24
    if size < _HEAD.size + _MIN_PADDING or size % 16:
        raise CipherError("length")
    msg_key = packet[8:24]
    aes_key, aes_iv = _derive(key, msg_key, _FROM_CLIENT)
    plain = AES.decrypt_ige(packet[24:], aes_key, aes_iv)
    large = sha256(key[88:120] + plain).digest()
    if not hmac.compare_digest(large[8:24], msg_key):
        raise CipherError("message key")
    salt, session_id, msg_id, seqno, length = _HEAD.unpack_from(plain)
    padding = size - _HEAD.size - length
    if length < 4 or length % 4 or not _MIN_PADDING <= padding <= _MAX_PADDING:
        raise CipherError("message length")
    token = (int.from_bytes(large[:4], "little") | 0x80000000).to_bytes(4, "little")
    return Incoming(salt, session_id, msg_id, seqno, plain[_HEAD.size : _HEAD.size + length], token)


def encrypt(key: bytes, key_id: bytes, salt: int, session_id: int, msg_id: int, seqno: int, body: bytes) -> bytes:
    """The packet that carries ``body`` to the client. ``key_id`` are the eight bytes that name the key on the wire."""
    size = _HEAD.size + len(body)
    padding = os.urandom(-(size + _MIN_PADDING) % 16 + _MIN_PADDING)
    plain = b"".join((_HEAD.pack(salt, session_id, msg_id, seqno, len(body)), body, padding))
    msg_key = sha256(key[96:128] + plain).digest()[8:24]
    aes_key, aes_iv = _derive(key, msg_key, _FROM_SERVER)
    return b"".join((key_id, msg_key, AES.encrypt_ige(plain, aes_key, aes_iv)))


def read_plain(packet: bytes) -> tuple[int, bytes]:
    """Message id and body of an unencrypted message. Raises :class:`CipherError`."""
    if len(packet) < _PLAIN.size:
        raise CipherError("length")
    key_id, msg_id, length = _PLAIN.unpack_from(packet)
    if key_id or not 4 <= length <= len(packet) - _PLAIN.size:
        raise CipherError("plain message")
    return msg_id, packet[_PLAIN.size : _PLAIN.size + length]


def write_plain(msg_id: int, body: bytes) -> bytes:
    """An unencrypted message to the client."""
    return _PLAIN.pack(0, msg_id, len(body)) + body


def temporary_key(new_nonce: bytes, server_nonce: bytes) -> tuple[bytes, bytes]:
    """tmp_aes_key and tmp_aes_iv of the key exchange. https://core.telegram.org/mtproto/auth_key#6-server-responds-with"""
    first = hashlib.sha1(new_nonce + server_nonce).digest()  # noqa: S324 (the protocol says SHA1)
    second = hashlib.sha1(server_nonce + new_nonce).digest()  # noqa: S324
    third = hashlib.sha1(new_nonce + new_nonce).digest()  # noqa: S324
    return first + second[:12], second[12:] + third + new_nonce[:4]


def _derive(key: bytes, msg_key: bytes, x: int) -> tuple[bytes, bytes]:
    a = sha256(msg_key + key[x : x + 36]).digest()
    b = sha256(key[x + 40 : x + 76] + msg_key).digest()
    return a[:8] + b[8:24] + a[24:], b[:8] + a[8:24] + b[24:]
