"""The TCP transports. https://core.telegram.org/mtproto/mtproto-transports"""

import os
import struct
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.crypto import AESModeCTR
from telethon.network.connection.tcpabridged import AbridgedPacketCodec
from telethon.network.connection.tcpfull import FullPacketCodec
from telethon.network.connection.tcpintermediate import IntermediatePacketCodec, RandomizedIntermediatePacketCodec

from sandbox.protocol.framing import MAX_PACKET, Framing, FramingError

pytestmark = pytest.mark.pure

CODECS = [AbridgedPacketCodec, IntermediatePacketCodec, RandomizedIntermediatePacketCodec, FullPacketCodec]
TAGS = {RandomizedIntermediatePacketCodec: b"\xdd" * 4}


class Reader:
    """The stream that Telethon's codecs read from."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def readexactly(self, count: int) -> bytes:
        assert len(self.data) >= count
        taken, self.data = self.data[:count], self.data[count:]
        return taken


def encrypted(size: int) -> bytes:
    """Something as long as an encrypted message: 8 (mod 16) bytes, not beginning with zeros."""
    return b"\x01" + os.urandom(24 + 16 * size - 1)


def feed(framing: Framing, data: bytes, cuts: list[int]) -> list[bytes]:
    """Feed in pieces of these sizes, the rest at the end."""
    packets = []
    for cut in cuts:
        packets += framing.feed(data[:cut])
        data = data[cut:]
    return [packet for packet, _ in packets + framing.feed(data)]


def stream(codec: type, packets: list[bytes]) -> bytes:
    encoder = codec(None)
    return TAGS.get(codec, codec.tag or b"") + b"".join(encoder.encode_packet(packet) for packet in packets)


def obfuscated(tag: bytes, data: bytes) -> tuple[bytes, AESModeCTR]:
    """What an obfuscating client sends, and the cipher for what it gets. The header is a fixed one that is allowed."""
    header = bytearray(b"\x01" * 8 + bytes(range(48)) + tag + b"\x05\x06\x07\x08")
    reverse = bytes(header[55:7:-1])
    cipher = AESModeCTR(bytes(header[8:40]), bytes(header[40:56]))
    header[56:64] = cipher.encrypt(bytes(header))[56:64]
    return bytes(header) + cipher.encrypt(data), AESModeCTR(reverse[:32], reverse[32:48])


@pytest.mark.parametrize("codec", CODECS)
@given(sizes=st.lists(st.integers(0, 200), min_size=1, max_size=4), cuts=st.lists(st.integers(1, 60), max_size=20))
def test_packets_survive_any_cutting(codec: type, sizes: list[int], cuts: list[int]) -> None:
    packets = [encrypted(size) for size in sizes]
    assert feed(Framing(), stream(codec, packets), cuts) == packets


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("size", [0, 30, 31, 5000])
async def test_telethon_reads_what_is_wrapped(codec: type, size: int) -> None:
    framing, packets = Framing(), [encrypted(size), encrypted(0)]
    framing.feed(stream(codec, [encrypted(0)]))
    reader, decoder = Reader(b"".join(framing.wrap(packet) for packet in packets)), codec(None)
    assert [await decoder.read_packet(reader) for _ in packets] == packets
    assert reader.data == b""


@pytest.mark.parametrize("codec", [AbridgedPacketCodec, IntermediatePacketCodec, RandomizedIntermediatePacketCodec])
@given(cuts=st.lists(st.integers(1, 40), max_size=8))
def test_obfuscated_both_ways(codec: type, cuts: list[int]) -> None:
    packet = encrypted(3)
    sent, answers = obfuscated(codec.obfuscate_tag, codec(None).encode_packet(packet))
    framing = Framing()
    assert feed(framing, sent, cuts) == [packet]
    assert framing.obfuscated
    answer = answers.decrypt(framing.wrap(packet))
    assert packet in answer


def test_padding_of_a_plain_message_is_dropped() -> None:
    packet = struct.pack("<qqi", 0, 4, 20) + os.urandom(20)
    padded = struct.pack("<I", len(packet) + 15) + packet + os.urandom(15)
    assert Framing().feed(b"\xdd" * 4 + padded) == [(packet, False)]


@pytest.mark.parametrize(
    ("head", "token"), [(b"\xef\x86", b"\x84\x03\x02\x01"), (b"\xee" * 4 + b"\x18\0\0\x80", b"\x01\x02\x03\x84")]
)
def test_quick_ack(head: bytes, token: bytes) -> None:
    """The highest length bit asks for it; the abridged transport sends the token byte-swapped (#quick-ack)."""
    framing, packet = Framing(), encrypted(0)
    assert framing.feed(head + packet) == [(packet, True)]
    assert framing.wrap_quick_ack(b"\x01\x02\x03\x84") == token


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n", b"POST /api HTTP/1.1", b"HEAD / ", b"\x16\x03\x01\x02\x00\x01\x00\x01"]
)
def test_other_protocols_are_refused(data: bytes) -> None:
    with pytest.raises(FramingError):
        Framing().feed(data)


def test_too_long_a_packet_is_refused_before_it_arrives() -> None:
    with pytest.raises(FramingError):
        Framing().feed(b"\xee" * 4 + struct.pack("<I", MAX_PACKET + 4))


@pytest.mark.parametrize(
    "packet",
    [
        struct.pack("<II", 16, 0) + b"abcd" + b"\0\0\0\0",  # wrong checksum
        struct.pack("<II", 8, 0),  # shorter than its own frame
        struct.pack("<II", 13, 0) + b"abcde",  # no multiple of four
    ],
)
def test_full_transport_refuses(packet: bytes) -> None:
    with pytest.raises(FramingError):
        Framing().feed(packet)


def test_full_transport_counts_packets() -> None:
    def frame(number: int) -> bytes:
        head = struct.pack("<II", 16, number) + b"abcd"
        return head + struct.pack("<I", crc32(head))

    framing = Framing()
    assert framing.feed(frame(0) + frame(1)) == [(b"abcd", False)] * 2
    with pytest.raises(FramingError):
        framing.feed(frame(1))


@given(
    pieces=st.lists(st.binary(max_size=200), max_size=10),
    head=st.sampled_from([b"", b"\xef", b"\xee" * 4, b"\xdd" * 4]),
)
def test_hostile_bytes_raise_nothing_else(pieces: list[bytes], head: bytes) -> None:
    framing = Framing()
    try:
        for piece in [head, *pieces]:
            framing.feed(piece)
    except FramingError:
        pass
