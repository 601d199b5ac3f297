"""Answers that are sent again, acknowledged, asked about, dropped.

https://core.telegram.org/mtproto/service_messages_about_messages
"""

import asyncio
import struct

import pytest
from telethon.tl import TLObject, functions, types

from sandbox.protocol.session import MAX_UNACKED
from sandbox.server import Sandbox
from tests.kit.clocks import RunningClock
from tests.kit.waiting import until
from tests.sandbox.protocol.sessions import NEAREST, client, clock, ping, sandbox, session_of
from tests.sandbox.raw import RawClient, TransportError

__all__ = ["client", "clock", "sandbox"]


class TestDuplicates:
    async def test_the_answer_is_sent_again(self, client: RawClient, sandbox: Sandbox) -> None:
        msg_id = await client.send(NEAREST)
        await client.settle()
        (first,) = [message for message in client.inbox if message.answers == msg_id]
        client.inbox.clear()
        await client.send(NEAREST, msg_id=msg_id, seqno=first.seqno)
        await client.settle()
        (again,) = [message for message in client.inbox if message.answers == msg_id]
        assert (again.msg_id, again.body) == (first.msg_id, first.body)
        assert again.in_container  # its id may be old by now
        assert len(sandbox.record.uses_of("help.getNearestDc")) == 2  # one of them from the initialisation

    async def test_an_acknowledged_one_is_only_acknowledged(self, client: RawClient, sandbox: Sandbox) -> None:
        msg_id = await client.send(NEAREST)
        await client.settle()
        (first,) = [message for message in client.inbox if message.answers]
        await client.send(types.MsgsAck([first.msg_id]), content=False)
        await client.send(NEAREST, msg_id=msg_id, seqno=1)
        assert msg_id in (await client.expect(types.MsgsAck)).obj.msg_ids

    async def test_a_large_answer_is_announced(self, client: RawClient, sandbox: Sandbox) -> None:
        """ "especially if a response to the message has already been generated and the response is large" """
        session = session_of(sandbox, client)
        msg_id = await client.send(NEAREST)
        await client.settle()
        answer = session.unacked[session.received[msg_id].answer]
        answer.body += bytes(10_000)
        await client.send(NEAREST, msg_id=msg_id, seqno=1)
        info = (await client.expect(types.MsgDetailedInfo)).obj
        assert (info.msg_id, info.answer_msg_id, info.bytes) == (msg_id, answer.msg_id, len(answer.body))


class TestAcknowledgments:
    async def test_unacknowledged_results_come_again_on_the_next_connection(
        self, client: RawClient, sandbox: Sandbox
    ) -> None:
        msg_id = await client.send(NEAREST)
        await client.settle()
        (first,) = [message for message in client.inbox if message.answers == msg_id]
        client.close()
        await gone(sandbox, client)
        again = await RawClient.open(sandbox, like=client)
        await again.send(ping(), content=False)
        await again.settle()
        resent = [message for message in again.inbox if message.answers == msg_id]
        assert [(message.msg_id, message.seqno, message.body) for message in resent] == [
            (first.msg_id, first.seqno, first.body)
        ]
        assert resent[0].in_container

    async def test_acknowledged_ones_do_not(self, client: RawClient, sandbox: Sandbox) -> None:
        session = session_of(sandbox, client)
        await client.send(types.MsgsAck(list(session.unacked)), content=False)
        await client.settle()
        client.close()
        await gone(sandbox, client)
        again = await RawClient.open(sandbox, like=client)
        await again.settle()
        assert [type(message.obj) for message in again.inbox] == []

    async def test_what_came_meanwhile_comes_too_and_too_much_becomes_too_long(
        self, client: RawClient, sandbox: Sandbox
    ) -> None:
        session = session_of(sandbox, client)
        client.close()
        await gone(sandbox, client)
        update = bytes(types.UpdateShort(types.UpdateConfig(), None))
        for _ in range(MAX_UNACKED + 1):
            session.send(update)
        again = await RawClient.open(sandbox, like=client)
        await again.send(ping(), content=False)
        await again.expect(types.UpdatesTooLong)

    async def test_a_push_waits_for_a_session_that_comes_back(self, client: RawClient, sandbox: Sandbox) -> None:
        user_id = sandbox.world.accounts.create("491511234567", "Anna").user_id
        session_of(sandbox, client).key.user_id = user_id
        client.close()
        await gone(sandbox, client)
        sandbox.push(user_id, types.UpdateShort(types.UpdateConfig(), None))
        again = await RawClient.open(sandbox, like=client)
        await again.send(ping(), content=False)
        await again.expect(types.UpdateShort)

    async def test_another_connection_of_the_session_takes_over(self, client: RawClient, sandbox: Sandbox) -> None:
        """https://core.telegram.org/mtproto/description#session: messages go over any of its connections"""
        user_id = sandbox.world.accounts.create("491511234567", "Anna").user_id
        session_of(sandbox, client).key.user_id = user_id
        second = await RawClient.open(sandbox, like=client)
        await second.settle()
        second.close()
        await until(lambda: len(sandbox.connections) == 1)
        sandbox.push(user_id, types.UpdateShort(types.UpdateConfig(), None))
        await client.expect(types.UpdateShort)

    async def test_sessions_that_do_not_come_back_are_forgotten(
        self, client: RawClient, sandbox: Sandbox, clock: RunningClock
    ) -> None:
        key = session_of(sandbox, client).key
        key.user_id = sandbox.world.accounts.create("491511234567", "Anna").user_id
        await client.settle()
        for number in range(30):
            sandbox.session(key, number).left_at = clock()
        assert len(sandbox.sessions_of(key.user_id)) < 12
        clock.offset += 301
        sandbox.session(key, 1000)
        assert {session.session_id for session in sandbox.sessions_of(key.user_id)} == {client.session_id, 1000}

    async def test_msgs_all_info_counts_as_acknowledgment(self, client: RawClient, sandbox: Sandbox) -> None:
        session = session_of(sandbox, client)
        ids = list(session.unacked)
        assert len(ids) > 1
        info = bytes([4 | 128, *([1] * (len(ids) - 1))])
        body = struct.pack("<IIi", 0x8CC0D131, 0x1CB5C415, len(ids)) + struct.pack(f"<{len(ids)}q", *ids)
        await client.send(body + TLObject.serialize_bytes(info), content=False)
        await client.settle()
        assert list(session.unacked)[: len(ids) - 1] == ids[1:]

    async def test_too_many_ids(self, client: RawClient) -> None:
        await client.send(types.MsgsAck(list(range(8193))), content=False)
        with pytest.raises(TransportError) as caught:
            await client.settle()
        assert caught.value.code == 429


async def gone(sandbox: Sandbox, client: RawClient) -> None:
    """Wait until the data centre has noticed that the client's connection is closed."""
    session = session_of(sandbox, client)
    async with asyncio.timeout(10):
        while session.connection is not None:  # noqa: ASYNC110 (the server has no event for it)
            await asyncio.sleep(0)


class TestStates:
    async def states(self, client: RawClient, ids: list[int]) -> list[int]:
        msg_id = await client.send(types.MsgsStateReq(ids), content=False)
        answer = await client.expect(types.MsgsStateInfo, req_msg_id=msg_id)
        info = answer.body[13 : 13 + answer.body[12]]
        return list(info)

    async def test_of_all_kinds(self, client: RawClient) -> None:
        known = await client.send(NEAREST)
        await client.result(known)
        even = await client.send(ping(), content=False)
        unknown, later = client.new_id(), client.new_id() + (20 << 32)
        await client.settle()
        assert await self.states(client, [1 << 32, known, even, unknown, later]) == [1, 4 + 8 + 32 + 64, 4 + 16, 2, 3]

    async def test_resending(self, client: RawClient) -> None:
        msg_id = await client.send(NEAREST)
        await client.settle()
        (first,) = [message for message in client.inbox if message.answers == msg_id]
        client.inbox.clear()
        await client.send(types.MsgResendReq([first.msg_id]), content=False)
        await client.settle()
        assert [message.body for message in client.inbox if message.answers] == [first.body]

    async def test_resending_the_unknown_tells_states(self, client: RawClient) -> None:
        msg_id = await client.send(types.MsgResendReq([5, 9]), content=False)
        assert (await client.expect(types.MsgsStateInfo)).obj.req_msg_id == msg_id


class TestDroppedAnswers:
    async def test_an_unknown_one(self, client: RawClient) -> None:
        assert isinstance(await client.call(functions.RpcDropAnswerRequest(4)), types.RpcAnswerUnknown)

    async def test_one_that_is_on_its_way(self, client: RawClient) -> None:
        msg_id = await client.send(NEAREST)
        await client.settle()
        (first,) = [message for message in client.inbox if message.answers == msg_id]
        dropped = await client.call(functions.RpcDropAnswerRequest(msg_id))
        assert (dropped.msg_id, dropped.seq_no, dropped.bytes) == (first.msg_id, first.seqno, len(first.body))
        assert isinstance(await client.call(functions.RpcDropAnswerRequest(msg_id)), types.RpcAnswerUnknown)

    async def test_one_that_is_running(self, client: RawClient) -> None:
        """The original query gets the same answer. Both travel in one container, so none has run before the other."""
        msg_id, drop_id = client.new_id(), client.new_id()
        drop = bytes(functions.RpcDropAnswerRequest(msg_id))
        await client.send_container(
            (msg_id, client.new_seqno(True), bytes(NEAREST)), (drop_id, client.new_seqno(True), drop)
        )
        assert isinstance(await client.result(drop_id), types.RpcAnswerDroppedRunning)
        assert isinstance(await client.result(msg_id), types.RpcAnswerDroppedRunning)
