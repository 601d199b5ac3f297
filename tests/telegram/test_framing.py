"""Packets in a stream of bytes, however it is cut; the connection that reads them."""

import asyncio
import os
import random
from collections.abc import AsyncIterator

import pytest
from telethon.network.connection.tcpabridged import AbridgedPacketCodec
from telethon.network.connection.tcpintermediate import IntermediatePacketCodec

from tests.kit.waiting import until
from tgadmin.telegram._telethon import GuardedConnection
from tgadmin.telegram._telethon.connection import HELD_BYTES
from tgadmin.telegram._telethon.framing import Abridged, Framing, Sized

PACKETS = [os.urandom(4 * words) for words in (1, 6, 126, 127, 128, 3, 300, 0x2000, 2)]
CODECS = {Abridged: AbridgedPacketCodec(None), Sized: IntermediatePacketCodec(None)}


@pytest.mark.pure
@pytest.mark.parametrize("kind", list(CODECS))
def test_packets_are_written_as_telethon_writes_them(kind: type[Framing]) -> None:
    assert [kind().wrap(packet) for packet in PACKETS] == [CODECS[kind].encode_packet(packet) for packet in PACKETS]


@pytest.mark.pure
@pytest.mark.parametrize("kind", list(CODECS))
def test_every_way_to_cut_the_stream_gives_the_same_packets(kind: type[Framing]) -> None:
    stream = b"".join(map(kind().wrap, PACKETS))
    pick = random.Random(3)
    for longest in (1, 2, 5, 700, 5000, len(stream)):
        framing, found, at = kind(), list[bytes](), 0
        while at < len(stream):
            size = pick.randint(1, longest)
            found += framing.feed(stream[at : at + size])
            at += size
        assert found == PACKETS


class Server:
    """Accepts one connection and lets the test write to it."""

    def __init__(self) -> None:
        self.reader: asyncio.Future[asyncio.StreamReader] = asyncio.get_running_loop().create_future()
        self.writer: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    def met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader.set_result(reader)
        self.writer.set_result(writer)


@pytest.fixture
async def connected() -> AsyncIterator[tuple[GuardedConnection, Server]]:
    server = Server()
    async with await asyncio.start_server(server.met, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        connection = GuardedConnection((1, "127.0.0.1", port), allowed=lambda: True, on_bytes=lambda: None)
        await connection.connect(timeout=5)
        yield connection, server
        await connection.disconnect()
        (await server.writer).close()


async def test_all_that_waits_is_handed_out_at_once_and_then_the_end(
    connected: tuple[GuardedConnection, Server],
) -> None:
    connection, server = connected
    writer = await server.writer
    writer.write(b"".join(map(Abridged().wrap, PACKETS[:3])) + b"\x05half")
    await writer.drain()
    writer.close()
    found: list[bytes] = []
    while len(found) < 3:
        found += await asyncio.wait_for(connection.packets(), 5)
    assert found == PACKETS[:3]
    with pytest.raises((EOFError, ConnectionError)):
        await asyncio.wait_for(connection.packets(), 5)


async def test_nothing_is_read_while_too_much_waits(connected: tuple[GuardedConnection, Server]) -> None:
    connection, server = connected
    writer = await server.writer
    sent = [os.urandom(4000) for _ in range(5000)]  # more than all buffers of a loopback connection hold
    writer.write(b"".join(map(Abridged().wrap, sent)))
    await until(lambda: not connection._reading)
    assert connection._transport is not None
    assert not connection._transport.is_reading()
    assert connection._held < HELD_BYTES + 512 * 1024  # one read of the socket more at most
    assert writer.transport.get_write_buffer_size() > 0
    found: list[bytes] = []
    while len(found) < len(sent):
        found += await asyncio.wait_for(connection.packets(), 5)
    assert found == sent


async def test_what_is_said_arrives_and_a_closed_connection_says_nothing(
    connected: tuple[GuardedConnection, Server],
) -> None:
    connection, server = connected
    await connection.send(PACKETS[1])
    reader = await server.reader
    assert await reader.readexactly(1 + 1 + len(PACKETS[1])) == b"\xef" + Abridged().wrap(PACKETS[1])
    waiting = asyncio.create_task(connection.packets())
    await asyncio.sleep(0)
    await connection.disconnect()
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(waiting, 5)
    with pytest.raises(ConnectionError):
        await connection.send(PACKETS[1])


async def test_a_connection_that_is_not_allowed_any_more_is_cut_instead_of_used() -> None:
    server, allowed = Server(), True
    async with await asyncio.start_server(server.met, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        connection = GuardedConnection((1, "127.0.0.1", port), allowed=lambda: allowed, on_bytes=lambda: None)
        await connection.connect(timeout=5)
        allowed = False
        await connection.send(b"secret words")
        with pytest.raises((EOFError, OSError)):
            await asyncio.wait_for(connection.packets(), 5)
        assert b"secret" not in await asyncio.wait_for((await server.reader).read(), 5)
        with pytest.raises(ConnectionRefusedError):
            await connection.connect(timeout=5)
        (await server.writer).close()
