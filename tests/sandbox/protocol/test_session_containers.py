"""Containers and packed requests. https://core.telegram.org/mtproto/service_messages#containers"""

import gzip
import struct

import pytest
from telethon.tl import TLObject, functions, types

from tests.sandbox.protocol.sessions import NEAREST, client, clock, error, ping, sandbox
from tests.sandbox.raw import RawClient, TransportError, container

__all__ = ["client", "clock", "sandbox"]


class TestContainers:
    async def test_all_inside_are_answered(self, client: RawClient) -> None:
        parts = [(client.new_id(), client.new_seqno(True), bytes(NEAREST)) for _ in range(10)]
        await client.send_container(*parts)
        for msg_id, _, _ in parts:
            assert isinstance(await client.result(msg_id), types.NearestDc)

    async def test_an_empty_one_is_allowed(self, client: RawClient) -> None:
        await client.send_container()
        await client.settle()
        assert not client.inbox

    async def test_answers_to_it_come_in_one(self, client: RawClient) -> None:
        parts = [(client.new_id(), client.new_seqno(True), ping(number)) for number in range(5)]
        await client.send_container(*parts)
        await client.expect(types.Pong, ping_id=4)
        assert all(message.in_container for message in client.inbox)

    async def test_nested(self, client: RawClient) -> None:
        inner = (client.new_id(), client.new_seqno(True), ping())
        outer = (client.new_id(), client.new_seqno(False), container(inner))
        assert await error(client, await client.send_container(outer)) == 64

    async def test_ids_inside_must_be_lower(self, client: RawClient) -> None:
        msg_id = client.new_id()
        later = client.new_id()
        assert await error(client, await client.send_container((later, 101, ping()), msg_id=msg_id)) == 64

    @pytest.mark.parametrize("cut", [4, 8, 20, 30])
    async def test_cut_off(self, client: RawClient, cut: int) -> None:
        data = container((client.new_id(), 101, ping()))[:cut]
        assert await error(client, await client.send(data[: len(data) // 4 * 4], content=False)) == 64

    async def test_a_negative_count(self, client: RawClient) -> None:
        data = struct.pack("<Ii", 0x73F1F8DC, -1)
        assert await error(client, await client.send(data, content=False)) == 64

    async def test_too_many_messages(self, client: RawClient) -> None:
        """Transport error 429, "if any of the container/service message limits are reached"."""
        await client.send_container(*((client.new_id(), 1, ping()) for _ in range(1025)))
        with pytest.raises(TransportError) as caught:
            await client.settle()
        assert caught.value.code == 429

    async def test_refused_as_a_whole(self, client: RawClient) -> None:
        """ "A container may only be accepted or rejected by the other party as a whole." """
        good = (client.new_id(), client.new_seqno(True), ping(50))
        bad = (client.new_id(), 2 * client.sequence, bytes(NEAREST))
        assert await error(client, await client.send_container(good, bad)) == 35
        await client.settle()
        assert not [message for message in client.inbox if isinstance(message.obj, types.Pong)]

    async def test_with_an_id_that_was_used(self, client: RawClient) -> None:
        msg_id = await client.send(ping())
        await client.expect(types.Pong)
        earlier = (msg_id - 4, 0, bytes(types.MsgsAck([1])))
        assert await error(client, await client.send_container(earlier, msg_id=msg_id)) == 19

    async def test_needs_an_even_number(self, client: RawClient) -> None:
        part = (client.new_id(), client.new_seqno(True), ping())
        assert await error(client, await client.send(container(part), content=True)) == 34


class TestGzip:
    @staticmethod
    def packed(data: bytes) -> bytes:
        return struct.pack("<I", 0x3072CFA1) + TLObject.serialize_bytes(gzip.compress(data))

    async def test_a_packed_request(self, client: RawClient) -> None:
        assert isinstance(await client.call(self.packed(bytes(NEAREST))), types.NearestDc)

    async def test_a_bomb(self, client: RawClient) -> None:
        answer = await client.call(self.packed(bytes(64 * 1024 * 1024)))
        assert isinstance(answer, types.RpcError)

    @pytest.mark.parametrize(
        "data", [b"", b"abcdefg", gzip.compress(b"abcd", mtime=0)[:-5], gzip.compress(b"ab", mtime=0)]
    )
    async def test_garbage(self, client: RawClient, data: bytes) -> None:
        body = struct.pack("<I", 0x3072CFA1) + TLObject.serialize_bytes(data)
        assert isinstance(await client.call(body), types.RpcError)

    async def test_a_large_result_is_packed(self, client: RawClient) -> None:
        msg_id = await client.send(functions.help.GetAppConfigRequest(0))
        while not (found := [message for message in client.inbox if message.answers == msg_id]):
            await client.receive()
        assert isinstance(found[0].obj, (types.help.AppConfig, types.help.AppConfigNotModified))
