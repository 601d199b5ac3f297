"""The data centre as a stock client meets it: every transport, parallel clients, lost connections, pushes, restarts."""

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telethon import TelegramClient, events
from telethon.network import (
    Connection,
    ConnectionTcpAbridged,
    ConnectionTcpFull,
    ConnectionTcpIntermediate,
    ConnectionTcpObfuscated,
)
from telethon.sessions import MemorySession
from telethon.tl import functions, types

from sandbox.server import Sandbox
from tests.sandbox.raw import RawClient, key_of

Stranger = Callable[..., Awaitable[TelegramClient]]
ClientFor = Callable[..., Awaitable[TelegramClient]]

PHONE = "491511234567"
NEAREST = functions.help.GetNearestDcRequest()
NOTICE = types.UpdateShort(types.UpdateServiceNotification("", "hello", types.MessageMediaEmpty(), []), None)


@pytest.fixture
def anna(sandbox: Sandbox) -> int:
    return sandbox.world.accounts.create(PHONE, "Anna").user_id


class Updates:
    """What a stock client's update handlers see."""

    def __init__(self, client: TelegramClient) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        client.add_event_handler(self.queue.put, events.Raw(types.UpdateServiceNotification))

    async def next(self) -> str:
        async with asyncio.timeout(10):
            return str((await self.queue.get()).message)


def notice(text: str) -> types.UpdateShort:
    return types.UpdateShort(types.UpdateServiceNotification("", text, types.MessageMediaEmpty(), []), 1_700_000_000)


class TestConnecting:
    @pytest.mark.parametrize(
        "transport", [ConnectionTcpFull, ConnectionTcpAbridged, ConnectionTcpIntermediate, ConnectionTcpObfuscated]
    )
    async def test_over_every_transport(self, stranger: Stranger, transport: type[Connection]) -> None:
        client = await stranger(connection=transport)
        assert await client(NEAREST) == types.NearestDc("DE", 1, 1)

    async def test_a_large_answer_over_every_transport(self, stranger: Stranger) -> None:
        for transport in (ConnectionTcpFull, ConnectionTcpAbridged, ConnectionTcpIntermediate, ConnectionTcpObfuscated):
            client = await stranger(connection=transport)
            assert len((await client(functions.help.GetCountriesListRequest("en", 0))).countries) > 3

    async def test_twenty_at_once(self, stranger: Stranger, sandbox: Sandbox) -> None:
        clients = await asyncio.gather(*(stranger() for _ in range(20)))
        answers = await asyncio.gather(*(client(NEAREST) for client in clients for _ in range(10)))
        assert answers == [types.NearestDc("DE", 1, 1)] * 200
        # Not len(keys): Telethon drops the leading zero of one key in 256, and then makes another.
        assert len({use.key_id for use in sandbox.record.uses_of("help.getNearestDc")}) == 20

    async def test_several_data_centres(self, rsa_key_path: str, stranger: Stranger) -> None:
        async with Sandbox(rsa_key_path=rsa_key_path, dcs=3) as server:
            for dc in (1, 2, 3):
                client = await stranger(server=server, dc=dc)
                config = await client(functions.help.GetConfigRequest())
                assert config.this_dc == dc
                assert [option.port for option in config.dc_options] == [server.port + n for n in range(3)]
                await client.disconnect()

    async def test_a_taken_port_is_an_error(self, rsa_key_path: str) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            server = Sandbox(rsa_key_path=rsa_key_path, port=other.getsockname()[1])
            with pytest.raises(OSError, match=r"address already in use|Address already in use"):
                await server.start()
            await server.stop()

    @pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])
    def test_loopback_only(self, host: str) -> None:
        with pytest.raises(ValueError, match=r"loopback|does not appear"):
            Sandbox(host=host)


class TestReconnecting:
    async def test_by_hand(self, stranger: Stranger, sandbox: Sandbox) -> None:
        client = await stranger()
        keys = set(sandbox.keys)
        await client.disconnect()
        await client.connect()
        assert await client(NEAREST) == types.NearestDc("DE", 1, 1)
        assert set(sandbox.keys) == keys

    async def test_by_itself_with_a_request_under_way(self, stranger: Stranger, sandbox: Sandbox) -> None:
        """Telethon sends what was not answered again in a new session."""
        client = await stranger(auto_reconnect=True, connection_retries=5)
        key = key_of(sandbox, client)
        sandbox.faults.drop_reply("help.getNearestDc")
        assert await client(NEAREST) == types.NearestDc("DE", 1, 1)
        uses = sandbox.record.uses_of("help.getNearestDc", key_id=key.unsigned_id)
        assert len(uses) == 2
        assert len({use.session_id for use in uses}) == len({use.connection for use in uses}) == 2


class TestPushes:
    async def test_reach_every_key_of_the_account(self, sandbox: Sandbox, anna: int, client_for: ClientFor) -> None:
        first, second = Updates(await client_for(PHONE)), Updates(await client_for(PHONE))
        sandbox.push(anna, notice("one"))
        sandbox.push(anna, notice("two"))
        assert [await each.next() for each in (first, second) for _ in range(2)] == ["one", "two"] * 2

    async def test_not_the_session_that_is_left_out(self, sandbox: Sandbox, anna: int, client_for: ClientFor) -> None:
        client, other = await client_for(PHONE), await client_for(PHONE)
        mine, theirs = Updates(client), Updates(other)
        sandbox.push(anna, notice("not for me"), exclude_session=client._sender._state.id)
        sandbox.push(anna, notice("for all"))
        assert await mine.next() == "for all"
        assert await theirs.next() == "not for me"

    async def test_nobody_elses(self, sandbox: Sandbox, anna: int, client_for: ClientFor) -> None:
        other = sandbox.world.accounts.create("491511234568", "Ben")
        theirs = Updates(await client_for(other.phone))
        await client_for(PHONE)
        sandbox.push(anna, notice("for Anna"))
        sandbox.push(other.user_id, notice("for Ben"))
        assert await theirs.next() == "for Ben"

    async def test_not_a_session_without_updates(self, sandbox: Sandbox, anna: int, client_for: ClientFor) -> None:
        """https://core.telegram.org/method/invokeWithoutUpdates"""
        session = MemorySession()
        client = await client_for(PHONE, session=session)
        await client.disconnect()
        deaf = RawClient(*await asyncio.open_connection(sandbox.host, sandbox.port))
        deaf.writer.write(b"\xee" * 4)
        deaf.use(session.auth_key)
        await deaf.send(functions.PingRequest(1))
        deaf.salt = (await deaf.expect(types.BadServerSalt)).obj.new_server_salt
        await deaf.call(functions.InvokeWithoutUpdatesRequest(NEAREST))
        sandbox.push(anna, notice("quiet"))
        await deaf.settle()
        assert not [message for message in deaf.inbox if isinstance(message.obj, types.UpdateShort)]

    async def test_burst_keeps_its_order(self, sandbox: Sandbox, anna: int, client_for: ClientFor) -> None:
        updates = Updates(await client_for(PHONE))
        for number in range(500):
            sandbox.push(anna, notice(str(number)))
        assert [await updates.next() for _ in range(500)] == [str(number) for number in range(500)]

    async def test_what_the_world_changed_is_stored_before_it_is_told(
        self, sandbox: Sandbox, anna: int, client_for: ClientFor
    ) -> None:
        updates = Updates(await client_for(PHONE))
        sandbox.store.put("probe", 1, b"changed")
        sandbox.push(anna, notice("told"))
        await updates.next()
        assert not sandbox.store._buffer


class TestAuthorizations:
    async def test_revoking(
        self, sandbox: Sandbox, anna: int, client_for: ClientFor, refused: Callable[..., Awaitable[str]]
    ) -> None:
        """As https://core.telegram.org/method/account.resetAuthorization does to another key: nothing says that its
        connection is closed, and a ping needs no authorization."""
        client = await client_for(PHONE)
        updates = Updates(client)
        (key,) = sandbox.keys_of(anna)
        sandbox.revoke(key.id)
        assert not sandbox.keys_of(anna)
        assert isinstance(await client(functions.PingRequest(7)), types.Pong)
        sandbox.push(anna, notice("not told"))
        assert await refused(client(functions.contacts.GetContactsRequest(0))) == "AUTH_KEY_UNREGISTERED"
        assert updates.queue.empty()
        assert client.is_connected()
        await client.disconnect()
        await client.connect()
        assert await refused(client(functions.contacts.GetContactsRequest(0))) == "AUTH_KEY_UNREGISTERED"
        assert await client.get_me() is None

    async def test_revoking_with_the_end_of_the_connection(
        self, sandbox: Sandbox, anna: int, client_for: ClientFor, refused: Callable[..., Awaitable[str]]
    ) -> None:
        client = await client_for(PHONE)
        (key,) = sandbox.keys_of(anna)
        sandbox.revoke(key.id, close=True)
        with pytest.raises(EOFError):
            await client.disconnected
        await client.connect()
        assert await refused(client(functions.contacts.GetContactsRequest(0))) == "AUTH_KEY_UNREGISTERED"

    async def test_revoked_with_another_error_and_signed_in_again(
        self, sandbox: Sandbox, anna: int, client_for: ClientFor, refused: Callable[..., Awaitable[str]]
    ) -> None:
        session = MemorySession()
        client = await client_for(PHONE, session=session)
        sandbox.faults.revoke(anna, error="SESSION_REVOKED")
        assert await refused(client(functions.contacts.GetContactsRequest(0))) == "SESSION_REVOKED"
        again = await client_for(PHONE, session=session)
        assert (await again.get_me()).id == anna

    async def test_an_unknown_key_cannot_be_revoked(self, sandbox: Sandbox) -> None:
        sandbox.revoke(12345)


class TestRestart:
    @pytest.fixture
    async def restartable(self, rsa_key_path: str, tmp_path: Path) -> AsyncIterator[Callable[..., Sandbox]]:
        made: list[Sandbox] = []

        def make(**options: Any) -> Sandbox:
            made.append(
                Sandbox(
                    rsa_key_path=rsa_key_path,
                    state=str(tmp_path / "world.sqlite"),
                    codes_path=str(tmp_path / "codes.jsonl"),
                    **options,
                )
            )
            return made[-1]

        yield make
        for sandbox in made:
            await sandbox.stop()

    async def test_keys_accounts_and_sign_ins_survive(
        self, restartable: Callable[..., Sandbox], stranger: Stranger
    ) -> None:
        before = restartable()
        await before.start()
        client = await stranger(server=before)
        key = key_of(before, client)
        key.user_id = before.world.accounts.create(PHONE, "Anna").user_id
        facts, port, keys = key.facts(), before.port, set(before.keys)
        await before.stop()
        await client.disconnect()
        after = restartable(port=port)
        await after.start()
        again = key_of(after, client)
        assert (again.key, again.facts()) == (key.key, facts)
        await client.connect()
        assert (await client.get_me()).phone == PHONE
        assert set(after.keys) == keys

    async def test_the_rsa_key_is_kept_in_the_state(self, tmp_path: Path) -> None:
        first = Sandbox(state=str(tmp_path / "s.sqlite"))
        await first.stop()
        second = Sandbox(state=str(tmp_path / "s.sqlite"))
        await second.stop()
        assert second.public_key_pem == first.public_key_pem

    async def test_the_rsa_keys_file_is_made_for_its_owner_only(self, tmp_path: Path) -> None:
        path = tmp_path / "key.pem"
        sandbox = Sandbox(rsa_key_path=str(path))
        await sandbox.stop()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        again = Sandbox(rsa_key_path=str(path))
        await again.stop()
        assert again.public_key_pem == sandbox.public_key_pem

    async def test_codes_are_noted_for_the_owner_only(self, sandbox: Sandbox) -> None:
        sandbox.note_code("1", "22222")
        sandbox.note_code("2", "33333")
        assert sandbox.codes_path is not None
        assert stat.S_IMODE(Path(sandbox.codes_path).stat().st_mode) == 0o600  # noqa: ASYNC240
        text = await asyncio.to_thread(Path(sandbox.codes_path).read_text)
        assert text == '{"phone": "1", "code": "22222"}\n{"phone": "2", "code": "33333"}\n'


REQ_PQ_HEAD = bytes(16) + b"\x14\0\0\0\xf1\x8e\x7e\xbe"
HEADS = [b"", b"\xef", b"\xee" * 4, b"\xdd" * 4, b"\xef\x0a" + bytes(40), b"\xef\x0a" + REQ_PQ_HEAD]


@given(pieces=st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4), head=st.sampled_from(HEADS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_hostile_bytes_do_not_take_the_server_down(sandbox: Sandbox, head: bytes, pieces: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection(sandbox.host, sandbox.port)
    for piece in (head, *pieces):
        writer.write(piece)
    writer.write_eof()
    async with asyncio.timeout(10):
        while await reader.read(65536):
            pass
    writer.close()
    assert not sandbox.record.open_connections()


async def test_after_hostile_bytes_a_stock_client_still_connects(sandbox: Sandbox, stranger: Stranger) -> None:
    for number in range(50):
        _, writer = await asyncio.open_connection(sandbox.host, sandbox.port)
        writer.write(b"\xee" * 4 + os.urandom(8 * number + 1))
        writer.close()
    assert await (await stranger())(NEAREST) == types.NearestDc("DE", 1, 1)
