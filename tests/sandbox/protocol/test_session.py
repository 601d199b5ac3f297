"""Sessions: message ids, sequence numbers, salts, new sessions, pings, keys.

https://core.telegram.org/mtproto/service_messages and https://core.telegram.org/mtproto/service_messages_about_messages
"""

import struct

import pytest
from telethon.tl import functions, types

from sandbox.protocol import salts
from sandbox.protocol.session import MAX_REMEMBERED
from sandbox.server import Sandbox
from tests.kit.clocks import RunningClock
from tests.sandbox.protocol.sessions import HOUR, NEAREST, client, clock, error, ping, sandbox, session_of
from tests.sandbox.raw import RawClient, TransportError, key_of

__all__ = ["client", "clock", "sandbox"]


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

    async def test_a_stock_client_with_a_wrong_clock_corrects_itself(
        self, sandbox: Sandbox, clock: RunningClock
    ) -> None:
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

    async def test_rotation(self, client: RawClient, clock: RunningClock) -> None:
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
    async def test_future_ones(self, client: RawClient, clock: RunningClock, asked: int, given: int) -> None:
        msg_id = await client.send(functions.GetFutureSaltsRequest(asked))
        answer = (await client.expect(types.FutureSalts)).obj
        assert answer.req_msg_id == msg_id
        assert abs(answer.now - clock()) < 60
        assert len(answer.salts) == given
        assert answer.salts[0].salt == client.salt
        assert all(salt.valid_since < salt.valid_until for salt in answer.salts)

    async def test_a_future_one_works_when_its_time_has_come(self, client: RawClient, clock: RunningClock) -> None:
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


class TestPings:
    async def test_pong(self, client: RawClient) -> None:
        msg_id = await client.send(ping(42))
        assert (await client.expect(types.Pong)).obj == types.Pong(msg_id, 42)

    async def test_delay_disconnect(self, client: RawClient) -> None:
        await client.send(functions.PingDelayDisconnectRequest(1, 0))
        assert await client.closed()

    async def test_each_resets_the_timer(self, client: RawClient, sandbox: Sandbox) -> None:
        await client.send(functions.PingDelayDisconnectRequest(1, 100))
        await client.expect(types.Pong, ping_id=1)
        connection = session_of(sandbox, client).connection
        assert connection is not None
        first = connection._end_timer
        assert first is not None
        await client.send(functions.PingDelayDisconnectRequest(2, 1000))
        await client.expect(types.Pong, ping_id=2)
        second = connection._end_timer
        assert first.cancelled()
        assert second is not None
        assert not second.cancelled()
        assert second.when() - first.when() > 800

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
        with pytest.raises(TransportError) as caught:
            await other.call(ping())
        assert caught.value.code == 404

    async def test_a_temporary_one_expires(self, client: RawClient, sandbox: Sandbox, clock: RunningClock) -> None:
        key = key_of(sandbox, client)
        key.expires_at = int(clock()) + 100
        await client.call(NEAREST)
        clock.offset += 101
        with pytest.raises(TransportError) as caught:
            await client.call(NEAREST)
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
