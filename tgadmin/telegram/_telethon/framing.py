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


def _joined(rest: bytearray, data: bytes) -> bytes | bytearray:
    """What came before and is not whole, with what came now; ``rest`` grows in place, however small the pieces."""
    if not rest:
        return data
    rest += data
    return rest


def _left(waiting: bytes | bytearray, at: int, rest: bytearray) -> bytearray:
    return rest if waiting is rest and not at else bytearray(waiting[at:])


class Abridged:
    """A length in words: one byte, or four for long ones. The smallest, and what the data centre is spoken to with."""

    header = b"\xef"

    def __init__(self) -> None:
        self._rest = bytearray()

    def wrap(self, packet: bytes) -> bytes:
        words = len(packet) >> 2
        length = bytes((words,)) if words < _LONG else _LONG_MARK + words.to_bytes(3, "little")
        return length + packet

    def feed(self, data: bytes) -> list[bytes]:
        waiting = _joined(self._rest, data)
        packets = []
        at, end = 0, len(waiting)
        while at < end:
            words, start = waiting[at], at + 1
            if words >= _LONG:
                if end < at + 4:
                    break
                words, start = int.from_bytes(waiting[start : at + 4], "little"), at + 4
            stop = start + (words << 2)
            if stop > end:
                break
            packets.append(bytes(waiting[start:stop]))
            at = stop
        self._rest = _left(waiting, at, self._rest)
        return packets


class Sized:
    """A length in bytes before each packet, which is the intermediate transport without its header."""

    header = b""

    def __init__(self) -> None:
        self._rest = bytearray()

    def wrap(self, packet: bytes) -> bytes:
        return len(packet).to_bytes(4, "little") + packet

    def feed(self, data: bytes) -> list[bytes]:
        waiting = _joined(self._rest, data)
        packets = []
        at = 0
        while len(waiting) - at >= 4:
            stop = at + 4 + int.from_bytes(waiting[at : at + 4], "little")
            if stop > len(waiting):
                break
            packets.append(bytes(waiting[at + 4 : stop]))
            at = stop
        self._rest = _left(waiting, at, self._rest)
        return packets
