"""The TCP transports of MTProto: abridged, intermediate, padded intermediate, full, and their obfuscated forms.

No I/O: bytes go in, packets come out. https://core.telegram.org/mtproto/mtproto-transports
"""

from __future__ import annotations

import os
import struct
from abc import ABC, abstractmethod
from zlib import crc32

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

MAX_PACKET = 2 * 1024 * 1024  # more than any valid message: a container holds at most 1 MB
_QUICK_ACK = 0x80000000
_NO_OBFUSCATION = (b"HEAD", b"POST", b"GET ", b"OPTI", b"PVrG", b"\x16\x03\x01\x02")
_HEADER = 64


class FramingError(Exception):
    """The bytes are no valid transport stream; the connection has to be closed."""


class Codec(ABC):
    """One transport: cuts a stream into packets, and wraps packets into a stream."""

    @abstractmethod
    def take(self, buffer: bytearray) -> tuple[bytes, bool] | None:
        """Remove the first whole packet from ``buffer``; None while more bytes are needed.

        Gives the packet and whether the client asked for a quick ack. Raises :class:`FramingError`.
        """

    @abstractmethod
    def wrap(self, packet: bytes) -> bytes:
        """The packet as it goes over the connection."""

    def wrap_quick_ack(self, token: bytes) -> bytes:
        """A quick ack token (4 bytes, little-endian, highest bit set)."""
        return token


class Abridged(Codec):
    """A length byte that counts words; three more bytes for long packets."""

    def take(self, buffer: bytearray) -> tuple[bytes, bool] | None:
        if not buffer:
            return None
        words, head = buffer[0] & 0x7F, 1
        if words == 0x7F:
            if len(buffer) < 4:
                return None
            words, head = int.from_bytes(buffer[1:4], "little"), 4
        quick_ack = bool(buffer[0] & 0x80)
        return _cut(buffer, head, _checked(words * 4), quick_ack)

    def wrap(self, packet: bytes) -> bytes:
        words = len(packet) >> 2
        if words < 0x7F:
            return bytes((words,)) + packet
        return b"\x7f" + words.to_bytes(3, "little") + packet

    def wrap_quick_ack(self, token: bytes) -> bytes:
        return token[::-1]  # byte-swapped in this transport only


class Intermediate(Codec):
    """A four-byte length."""

    def take(self, buffer: bytearray) -> tuple[bytes, bool] | None:
        if len(buffer) < 4:
            return None
        (length,) = struct.unpack_from("<I", buffer)
        return _cut(buffer, 4, _checked(length & ~_QUICK_ACK), bool(length & _QUICK_ACK))

    def wrap(self, packet: bytes) -> bytes:
        return struct.pack("<I", len(packet)) + packet


class PaddedIntermediate(Intermediate):
    """As intermediate, with up to 15 random bytes after each packet."""

    def take(self, buffer: bytearray) -> tuple[bytes, bool] | None:
        taken = super().take(buffer)
        if taken is None:
            return None
        packet, quick_ack = taken
        # Encrypted messages are 8 (mod 16) bytes long: the rest is padding. A plain message says its own length.
        if packet[:8] == bytes(8) and len(packet) >= 20:
            return packet[: 20 + int.from_bytes(packet[16:20], "little")], quick_ack
        return packet[: len(packet) - (len(packet) - 8) % 16] if len(packet) >= 24 else packet, quick_ack

    def wrap(self, packet: bytes) -> bytes:
        # Telethon drops only len % 4 bytes of padding; whole words would reach its parser. So at most 3 bytes are sent.
        return super().wrap(packet + os.urandom(os.urandom(1)[0] & 3))


class Full(Codec):
    """Length, sequence number, CRC32: the only transport without a header of its own."""

    def __init__(self) -> None:
        self._received = 0
        self._sent = 0

    def take(self, buffer: bytearray) -> tuple[bytes, bool] | None:
        if len(buffer) < 4:
            return None
        (word,) = struct.unpack_from("<I", buffer)
        length = word & ~_QUICK_ACK
        if length < 12 or length % 4:
            raise FramingError("length")
        _checked(length)
        if len(buffer) < length:
            return None
        packet = bytes(memoryview(buffer)[:length])
        del buffer[:length]
        if crc32(packet[:-4]) != int.from_bytes(packet[-4:], "little"):
            raise FramingError("checksum")
        if int.from_bytes(packet[4:8], "little") != self._received:
            raise FramingError("sequence")
        self._received += 1
        return packet[8:-4], bool(word & _QUICK_ACK)

    def wrap(self, packet: bytes) -> bytes:
        head = struct.pack("<II", len(packet) + 12, self._sent) + packet
        self._sent += 1
        return head + struct.pack("<I", crc32(head))


def _checked(length: int) -> int:
    if length > MAX_PACKET:
        raise FramingError("too long")
    return length


def _cut(buffer: bytearray, head: int, length: int, quick_ack: bool) -> tuple[bytes, bool] | None:
    end = head + length
    if len(buffer) < end:
        return None
    packet = bytes(memoryview(buffer)[head:end])
    del buffer[:end]
    return packet, quick_ack


_BY_TAG: dict[bytes, type[Codec]] = {
    b"\xef\xef\xef\xef": Abridged,
    b"\xee\xee\xee\xee": Intermediate,
    b"\xdd\xdd\xdd\xdd": PaddedIntermediate,
}


def _ctr(key: bytes, iv: bytes) -> CipherContext:
    return Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()


class Framing:
    """One connection's transport, recognised by the first bytes that the client sends."""

    def __init__(self) -> None:
        self._codec: Codec | None = None
        self.obfuscated = False
        self._buffer = bytearray()
        self._decrypt: CipherContext | None = None
        self._encrypt: CipherContext | None = None

    @property
    def codec(self) -> Codec:
        """The transport; known only after the client's first bytes."""
        if self._codec is None:
            raise FramingError("not recognised yet")
        return self._codec

    def feed(self, data: bytes) -> list[tuple[bytes, bool]]:
        """The packets that are complete now, and whether each asks for a quick ack. Raises :class:`FramingError`."""
        self._buffer += data if self._decrypt is None else self._decrypt.update(data)
        if self._codec is None:
            self._recognise()
        packets: list[tuple[bytes, bool]] = []
        while self._codec is not None and (taken := self._codec.take(self._buffer)) is not None:
            packets.append(taken)
        return packets

    def wrap(self, packet: bytes) -> bytes:
        """The bytes to send for a packet; only after the transport was recognised."""
        return self._out(self.codec.wrap(packet))

    def wrap_quick_ack(self, token: bytes) -> bytes:
        """The bytes to send for a quick ack."""
        return self._out(self.codec.wrap_quick_ack(token))

    def _out(self, data: bytes) -> bytes:
        return data if self._encrypt is None else self._encrypt.update(data)

    def _recognise(self) -> None:
        buffer = self._buffer
        if buffer[:1] == b"\xef":
            self._codec = Abridged()
            del buffer[:1]
        elif len(buffer) >= 4 and (plain := _BY_TAG.get(bytes(buffer[:4]))) is not None:
            self._codec = plain()
            del buffer[:4]
        elif bytes(buffer[:4]) in _NO_OBFUSCATION:
            raise FramingError("not MTProto over TCP")
        elif len(buffer) >= 8 and buffer[4:8] == bytes(4):
            self._codec = Full()  # its first packet has the sequence number 0
        elif len(buffer) >= _HEADER:
            self._begin_obfuscated(bytes(buffer[:_HEADER]))

    def _begin_obfuscated(self, header: bytes) -> None:
        reverse = header[::-1]
        self._decrypt = _ctr(header[8:40], header[40:56])
        self._encrypt = _ctr(reverse[8:40], reverse[40:56])
        codec = _BY_TAG.get(self._decrypt.update(header)[56:60])
        if codec is None:
            raise FramingError("unknown transport")
        self._codec = codec()
        self.obfuscated = True
        rest = bytes(self._buffer[_HEADER:])
        self._buffer = bytearray(self._decrypt.update(rest))
