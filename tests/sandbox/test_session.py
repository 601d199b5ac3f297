"""Sessions: message ids, sequence numbers, salts, containers, duplicates, acknowledgments, service messages.

https://core.telegram.org/mtproto/service_messages and https://core.telegram.org/mtproto/service_messages_about_messages
"""

import asyncio
import gzip
import struct
import time
from collections.abc import AsyncIterator

import pytest
from telethon.tl import TLObject, functions, types

from tests.sandbox.people import until
from tests.sandbox.raw import RawClient, TransportError, container, key_of
from tgadmin.sandbox import salts
from tgadmin.sandbox.server import Sandbox
from tgadmin.sandbox.session import MAX_REMEMBERED, MAX_UNACKED, Session

NEAREST = functions.help.GetNearestDcRequest()
HOUR = 3600


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sandbox(rsa_key_path: str, clock: Clock) -> AsyncIterator[Sandbox]:
    async with Sandbox(rsa_key_path=rsa_key_path, clock=clock, dcs=2) as server:
        yield server


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[RawClient]:
    client = await (await RawClient.open(sandbox)).initialised()
    client.inbox.clear()
    yield client
    client.close()


def session_of(sandbox: Sandbox, client: RawClient) -> Session:
    return sandbox.session(key_of(sandbox, client), client.session_id)


async def error(client: RawClient, msg_id: int) -> int:
    return (await client.expect(types.BadMsgNotification, bad_msg_id=msg_id)).obj.error_code


def ping(number: int = 1) -> bytes:
    return bytes(functions.PingRequest(number))


class TestMessageIds:
    async def test_too_low(self, client: RawClient) -> None:
        assert await error(client, await client.send(NEAREST, msg_id=client.new_id() - (301 << 32))) == 16

    async def test_too_high(self, client: RawClient) -> None:
        assert await error(client, await client.send(NEAREST, msg_id=client.new_id() + (31 << 32))) == 17

    @pytest.mark.parametrize("low", [1, 2, 3])
    async def test_not_divisible_by_four(self, client: RawClient, low: int) -> None:
        assert await error(client, await client.send(NEAREST, msg_id=client.new_id() + low)) == 18

    async def test_time_is_checked_before_the_salt(self, client: RawClient) -> None:
        """So that a client with a wrong clock learns of that first."""
        msg_id = client.new_id() - (HOUR << 32)
        assert await error(client, await client.send(NEAREST, msg_id=msg_id, salt=1)) == 16

    async def test_older_than_all_that_is_remembered(self, client: RawClient, sandbox: Sandbox) -> None:
        session, first = session_of(sandbox, client), client.new_id()
        for number in range(MAX_REMEMBERED + 1):
            session.remember(first + 4 + 4 * number, 2 * client.sequence)
        assert await error(client, await client.send(NEAREST, msg_id=first)) == 20

    async def test_the_servers_ids(self, client: RawClient) -> None:
        """Odd, growing, 1 (mod 4) in answers and 3 (mod 4) else."""
        for _ in range(5):
            await client.send(NEAREST)
        await client.settle()
        ids = [message.msg_id for message in client.inbox]
        assert ids == sorted(set(ids))
        assert all(message.msg_id % 4 == (1 if message.answers else 3) for message in client.inbox)

    async def test_a_stock_client_with_a_wrong_clock_corrects_itself(self, sandbox: Sandbox, clock: Clock) -> None:
        clock.offset = 2 * HOUR
        client = await RawClient.open(sandbox)
        msg_id = await client.send(functions.PingRequest(1))
        notice = await client.expect(types.BadMsgNotification, bad_msg_id=msg_id)
        assert notice.obj.error_code == 16
        assert abs((notice.msg_id >> 32) - clock()) < 60


class TestSequenceNumbers:
    async def test_too_low(self, client: RawClient) -> None:
        assert await error(client, await client.send(NEAREST, seqno=1)) == 32

    async def test_too_high(self, client: RawClient) -> None:
        """A message with a higher id has a lower number."""
        between = client.new_id()
        await client.call(NEAREST)
        assert await error(client, await client.send(NEAREST, msg_id=between, seqno=101)) == 33

    async def test_a_request_needs_an_odd_one(self, client: RawClient) -> None:
        assert await error(client, await client.send(NEAREST, seqno=2 * client.sequence)) == 35

    async def test_acknowledgments_need_an_even_one(self, client: RawClient) -> None:
        assert await error(client, await client.send(types.MsgsAck([1]))) == 34

    @pytest.mark.parametrize("content", [True, False])
    async def test_a_ping_may_have_either(self, client: RawClient, content: bool) -> None:
        msg_id = await client.send(ping(), content=content)
        await client.expect(types.Pong, msg_id=msg_id)

    async def test_the_servers_own(self, client: RawClient) -> None:
        """Odd and growing by two for what must be acknowledged, even in between."""
        for number in range(3):
            await client.send(NEAREST)
            await client.send(ping(number), content=False)
        await client.settle()
        content = [message.seqno for message in client.inbox if message.answers]
        assert content == [content[0] + 2 * number for number in range(3)]
        assert all(seqno % 2 for seqno in content)
        assert all(m.seqno % 2 == 0 for m in client.inbox if isinstance(m.obj, types.Pong))


class TestSalts:
    async def test_a_wrong_one(self, client: RawClient, sandbox: Sandbox) -> None:
        msg_id = await client.send(NEAREST, salt=1)
        notice = (await client.expect(types.BadServerSalt)).obj
        key = session_of(sandbox, client).key
        assert (notice.bad_msg_id, notice.error_code) == (msg_id, 48)
        assert notice.new_server_salt == salts.current(key, sandbox.clock())

    async def test_the_first_is_accepted(self, sandbox: Sandbox) -> None:
        client = await RawClient.open(sandbox)
        key = key_of(sandbox, client)
        await client.send(ping(5), salt=key.first_salt)
        assert (await client.expect(types.Pong)).obj.ping_id == 5

    async def test_rotation(self, client: RawClient, clock: Clock) -> None:
        """Half an hour valid, half an hour more accepted."""
        before = client.salt
        clock.offset += HOUR / 2
        client.last_id += (HOUR // 2) << 32
        assert isinstance(await client.call(NEAREST), types.NearestDc)
        clock.offset += HOUR / 2
        client.last_id += (HOUR // 2) << 32
        await client.send(NEAREST)
        client.salt = (await client.expect(types.BadServerSalt)).obj.new_server_salt
        assert client.salt != before
        assert isinstance(await client.call(NEAREST), types.NearestDc)

    @pytest.mark.parametrize(("asked", "given"), [(1, 1), (3, 3), (64, 64), (1000, 64), (0, 1), (-5, 1)])
    async def test_future_ones(self, client: RawClient, clock: Clock, asked: int, given: int) -> None:
        msg_id = await client.send(functions.GetFutureSaltsRequest(asked))
        answer = (await client.expect(types.FutureSalts)).obj
        assert answer.req_msg_id == msg_id
        assert abs(answer.now - clock()) < 60
        assert len(answer.salts) == given
        assert answer.salts[0].salt == client.salt
        assert all(salt.valid_since < salt.valid_until for salt in answer.salts)

    async def test_a_future_one_works_when_its_time_has_come(self, client: RawClient, clock: Clock) -> None:
        await client.send(functions.GetFutureSaltsRequest(4))
        later = (await client.expect(types.FutureSalts)).obj.salts[3]
        clock.offset += later.valid_since.timestamp() - clock() + 1
        client.last_id = int(clock()) << 32
        client.salt = later.salt
        assert isinstance(await client.call(NEAREST), types.NearestDc)


class TestNewSession:
    async def test_is_announced_with_its_first_message(self, client: RawClient) -> None:
        client.session_id, client.sequence = 99, 0
        msg_id = await client.send(ping())
        notice = await client.expect(types.NewSessionCreated)
        assert (notice.obj.first_msg_id, notice.obj.server_salt) == (msg_id, client.salt)
        assert notice.seqno % 2 == 1

    async def test_only_once(self, client: RawClient) -> None:
        await client.call(NEAREST)
        await client.settle()
        assert not [message for message in client.inbox if isinstance(message.obj, types.NewSessionCreated)]

    async def test_again_for_a_lower_id(self, client: RawClient) -> None:
        client.session_id, client.sequence = 99, 2
        earlier = client.new_id()
        await client.send(ping())
        unique = (await client.expect(types.NewSessionCreated)).obj.unique_id
        await client.send(ping(), msg_id=earlier, seqno=1)
        again = (await client.expect(types.NewSessionCreated)).obj
        assert (again.first_msg_id, again.unique_id) == (earlier, unique)

    async def test_the_lowest_id_of_a_container_counts(self, client: RawClient) -> None:
        client.session_id, client.sequence = 99, 0
        first, second = client.new_id(), client.new_id()
        await client.send_container((first, 1, ping()), (second, 3, ping()), seqno=4)
        assert (await client.expect(types.NewSessionCreated)).obj.first_msg_id == first

    async def test_destroyed_by_another(self, client: RawClient) -> None:
        mine, client.session_id = client.session_id, 99
        await client.send(ping())
        client.session_id = mine
        await client.send(functions.DestroySessionRequest(99))
        while not any(isinstance(message.obj, types.DestroySessionOk) for message in client.inbox):
            try:
                await client.receive()
            except AssertionError:
                continue  # what still came for the other session
        await client.send(functions.DestroySessionRequest(99))
        assert (await client.expect(types.DestroySessionNone)).obj.session_id == 99

    async def test_cannot_destroy_itself(self, client: RawClient) -> None:
        await client.send(functions.DestroySessionRequest(client.session_id))
        await client.expect(types.DestroySessionNone)


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
        self, client: RawClient, sandbox: Sandbox, clock: Clock
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


class TestPings:
    async def test_pong(self, client: RawClient) -> None:
        msg_id = await client.send(ping(42))
        assert (await client.expect(types.Pong)).obj == types.Pong(msg_id, 42)

    async def test_delay_disconnect(self, client: RawClient) -> None:
        await client.send(functions.PingDelayDisconnectRequest(1, 0))
        assert await client.closed()

    async def test_each_resets_the_timer(self, client: RawClient, sandbox: Sandbox) -> None:
        await client.send(functions.PingDelayDisconnectRequest(1, 1))
        await client.send(functions.PingDelayDisconnectRequest(2, 1000))
        await client.expect(types.Pong, ping_id=2)
        await asyncio.sleep(1.2)  # longer than the first timer, which must not fire
        await client.settle()
        (entry,) = sandbox.record.open_connections()
        assert entry.closed is None

    async def test_http_wait_means_nothing_here(self, client: RawClient) -> None:
        await client.send(types.HttpWait(0, 0, 1000), content=False)
        await client.settle()
        assert not client.inbox


class TestKeys:
    async def test_destroying_ones_own(self, client: RawClient, sandbox: Sandbox) -> None:
        await client.send(functions.DestroyAuthKeyRequest())
        await client.expect(types.DestroyAuthKeyOk)
        assert await client.closed()
        assert not sandbox.keys

    async def test_belongs_to_one_data_centre(self, client: RawClient, sandbox: Sandbox) -> None:
        other = await RawClient.open(sandbox, dc=2, like=client)
        await other.send(ping())
        with pytest.raises(TransportError) as caught:
            await other.receive()
        assert caught.value.code == 404

    async def test_a_temporary_one_expires(self, client: RawClient, sandbox: Sandbox, clock: Clock) -> None:
        key = key_of(sandbox, client)
        key.expires_at = int(clock()) + 100
        await client.call(NEAREST)
        clock.offset += 101
        await client.send(NEAREST)
        with pytest.raises(TransportError) as caught:
            await client.receive()
        assert caught.value.code == 404
        assert not sandbox.keys


async def test_a_tampered_packet_closes_the_connection_and_nothing_else(client: RawClient, sandbox: Sandbox) -> None:
    packet = bytearray(client.encrypt(ping(), client.new_id(), 1, client.salt))
    packet[-1] ^= 1
    client.write(bytes(packet))
    assert await client.closed()
    again = await RawClient.open(sandbox, like=client)
    assert isinstance(await again.call(NEAREST), types.NearestDc)


async def test_unreadable_service_messages_are_ignored(client: RawClient) -> None:
    await client.send(struct.pack("<I", types.MsgsAck.CONSTRUCTOR_ID), content=False)
    await client.send(struct.pack("<III", types.MsgsAck.CONSTRUCTOR_ID, 0x1CB5C415, 0x7FFFFFFF), content=False)
    await client.settle()
    assert not client.inbox
