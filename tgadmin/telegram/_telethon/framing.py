"""How packets lie in a stream of bytes (https://core.telegram.org/mtproto/mtproto-transports). No I/O."""

from __future__ import annotations

from typing import Protocol

_LONG, _LONG_MARK = 0x7F, b"\x7f"


class Framing(Protocol):
    """One connection's; ``header`` is what a client sends first."""

    header: bytes

    def wrap(self, packet: bytes) -> bytes:
        """The packet as it is sent."""

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are whole with these bytes; the rest is kept."""


class Abridged:
    """A length in words: one byte, or four for long ones. The smallest, and what the data centre is spoken to with."""

    header = b"\xef"

    def __init__(self) -> None:
        self._rest = b""

    def wrap(self, packet: bytes) -> bytes:
        words = len(packet) >> 2
        length = bytes((words,)) if words < _LONG else _LONG_MARK + words.to_bytes(3, "little")
        return length + packet

    def feed(self, data: bytes) -> list[bytes]:
        if self._rest:
            data = self._rest + data
        packets = []
        at, end = 0, len(data)
        while at < end:
            words, start = data[at], at + 1
            if words >= _LONG:
                if end < at + 4:
                    break
                words, start = int.from_bytes(data[start : at + 4], "little"), at + 4
            stop = start + (words << 2)
            if stop > end:
                break
            packets.append(data[start:stop])
            at = stop
        self._rest = data[at:]
        return packets


class Sized:
    """A length in bytes before each packet, which is the intermediate transport without its header."""

    header = b""

    def __init__(self) -> None:
        self._rest = b""

    def wrap(self, packet: bytes) -> bytes:
        return len(packet).to_bytes(4, "little") + packet

    def feed(self, data: bytes) -> list[bytes]:
        if self._rest:
            data = self._rest + data
        packets = []
        at = 0
        while len(data) - at >= 4:
            stop = at + 4 + int.from_bytes(data[at : at + 4], "little")
            if stop > len(data):
                break
            packets.append(data[at + 4 : stop])
            at = stop
        self._rest = data[at:]
        return packets
