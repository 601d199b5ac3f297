"""Faults, as a stock client meets them. Error names: https://core.telegram.org/api/errors"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from telethon import TelegramClient, events
from telethon.errors import AuthKeyDuplicatedError
from telethon.sessions import MemorySession
from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.server import Sandbox

ClientFor = Callable[..., Awaitable[TelegramClient]]
Refused = Callable[[Awaitable[Any]], Awaitable[str]]

PHONE, OTHER_PHONE = "491511234567", "491511234568"
NEAREST = functions.help.GetNearestDcRequest()
NAME = "help.getNearestDc"
RIGHT = types.NearestDc("DE", 1, 1)
SENT: list[str] = []


def send(peer: Any = None) -> functions.messages.SendMessageRequest:
    return functions.messages.SendMessageRequest(peer or types.InputPeerSelf(), "text", random_id=5)


@pytest.fixture
def anna(sandbox: Sandbox) -> int:
    return sandbox.world.accounts.create(PHONE, "Anna").user_id


@pytest.fixture
def ben(sandbox: Sandbox) -> int:
    return sandbox.world.accounts.create(OTHER_PHONE, "Ben").user_id


@pytest.fixture
async def client(client_for: ClientFor, anna: int) -> TelegramClient:
    return await client_for(PHONE)


@pytest.fixture
def probe() -> Iterator[list[str]]:
    """messages.sendMessage replaced by a handler that only notes that it ran."""
    ran: list[str] = []
    request = functions.messages.SendMessageRequest
    before = registry.methods.pop(request, None)

    @registry.method(request)
    async def note(ctx: Context, request: Any) -> types.Updates:
        ran.append(request.message)
        return types.Updates([], [], [], None, 0)

    yield ran
    registry.methods.pop(request)
    if before is not None:
        registry.methods[request] = before


class TestErrors:
    async def test_flood_once(self, sandbox: Sandbox, client: TelegramClient, refused: Refused) -> None:
        sandbox.faults.flood(NAME, seconds=2)
        assert await refused(client(NEAREST)) == "FLOOD_WAIT_2"
        client._flood_waited_requests.clear()
        assert await client(NEAREST) == RIGHT

    async def test_the_request_is_not_executed(
        self, sandbox: Sandbox, client: TelegramClient, refused: Refused, probe: list[str]
    ) -> None:
        sandbox.faults.error("messages.sendMessage", 400, "MSG_ID_INVALID", times=2)
        assert await refused(client(send())) == "MSG_ID_INVALID"
        assert await refused(client(send())) == "MSG_ID_INVALID"
        assert not probe
        await client(send())
        assert probe == ["text"]

    async def test_other_methods_and_users_are_spared(
        self, sandbox: Sandbox, client: TelegramClient, refused: Refused, ben: int
    ) -> None:
        sandbox.faults.error(NAME, 400, "PEER_ID_INVALID", user=ben)
        sandbox.faults.error("help.getConfig", 400, "PEER_ID_INVALID")
        assert await client(NEAREST) == RIGHT
        assert len(sandbox.faults.pending()) == 2

    async def test_any_method_until_cleared(self, sandbox: Sandbox, client: TelegramClient, refused: Refused) -> None:
        sandbox.faults.error("*", 400, "INPUT_FETCH_FAIL", times=None)
        for _ in range(3):
            assert await refused(client(NEAREST)) == "INPUT_FETCH_FAIL"
        sandbox.faults.clear()
        assert await client(NEAREST) == RIGHT

    async def test_on_one_chat(
        self, sandbox: Sandbox, client: TelegramClient, refused: Refused, probe: list[str], anna: int
    ) -> None:
        sandbox.faults.error("messages.sendMessage", 400, "CHAT_WRITE_FORBIDDEN", peer=-1000000000007, times=None)
        sandbox.faults.error("messages.sendMessage", 400, "PEER_FLOOD", peer=anna, times=None)
        assert await refused(client(send(types.InputPeerChannel(7, 1)))) == "CHAT_WRITE_FORBIDDEN"
        assert await refused(client(send())) == "PEER_FLOOD"
        await client(send(types.InputPeerChannel(8, 1)))
        await client(send(types.InputPeerChat(7)))
        assert len(probe) == 2

    async def test_slow_mode(
        self, sandbox: Sandbox, client: TelegramClient, refused: Refused, probe: list[str]
    ) -> None:
        sandbox.faults.slow_mode(-1000000000007, 40)
        peer = types.InputPeerChannel(7, 1)
        await client(functions.help.GetConfigRequest())
        assert await refused(client(send(peer))) == "SLOWMODE_WAIT_40"
        await client(send(peer))
        assert probe == ["text"]

    async def test_a_ban(self, sandbox: Sandbox, client: TelegramClient, refused: Refused, anna: int) -> None:
        sandbox.faults.ban(anna)
        with pytest.raises(EOFError):
            await client.disconnected
        await client.connect()
        assert await refused(client(functions.contacts.GetContactsRequest(0))) == "USER_DEACTIVATED_BAN"

    async def test_modes_of_random_id(self, sandbox: Sandbox) -> None:
        assert sandbox.faults.random_id == "first_result"
        sandbox.faults.set_random_id("duplicate_error")
        assert sandbox.faults.random_id == "duplicate_error"
        with pytest.raises(ValueError, match="no such mode"):
            sandbox.faults.set_random_id("other")  # type: ignore[arg-type]
        sandbox.faults.clear()
        assert sandbox.faults.random_id == "first_result"


class TestAnswers:
    async def test_late(self, sandbox: Sandbox, client: TelegramClient, probe: list[str]) -> None:
        """Executed at once, answered later; others are answered meanwhile."""
        loop = asyncio.get_running_loop()
        sandbox.faults.late("messages.sendMessage", 0.3)
        began = loop.time()
        late = asyncio.create_task(client(send()))
        for _ in range(3):
            await client(NEAREST)
        assert probe == ["text"]
        await late
        assert loop.time() - began >= 0.3

    async def test_dropped(self, sandbox: Sandbox, client: TelegramClient, probe: list[str]) -> None:
        """Executed, never answered, connection closed: the client cannot know."""
        sandbox.faults.drop_reply("messages.sendMessage")
        with pytest.raises((EOFError, ConnectionError)):
            await client(send())
        assert probe == ["text"]
        await client.connect()
        await client(send())
        assert probe == ["text"] * 2


class TestConnections:
    async def test_drop(self, sandbox: Sandbox, client: TelegramClient, anna: int) -> None:
        assert sandbox.faults.drop(user=anna) == 1
        with pytest.raises(EOFError):
            await client.disconnected
        assert sandbox.record.connections[-1].why == "dropped"
        assert sandbox.faults.drop(user=anna) == 0

    async def test_drop_needs_to_know_whose(self, sandbox: Sandbox) -> None:
        with pytest.raises(ValueError, match="a key or a user"):
            sandbox.faults.drop()

    async def test_freeze_and_thaw(self, sandbox: Sandbox, client: TelegramClient, anna: int, probe: list[str]) -> None:
        seen: asyncio.Queue[Any] = asyncio.Queue()
        client.add_event_handler(seen.put, events.Raw(types.UpdateServiceNotification))
        sandbox.faults.freeze(user=anna)
        request = asyncio.create_task(client(send()))
        note = types.UpdateServiceNotification("", "x", types.MessageMediaEmpty(), [])
        sandbox.push(anna, types.UpdateShort(note, 1_700_000_000))
        done, _ = await asyncio.wait([request], timeout=0.2)
        assert not done
        assert not probe
        assert seen.empty()
        assert client.is_connected()
        sandbox.faults.thaw(user=anna)
        async with asyncio.timeout(10):
            await request
            await seen.get()
        assert probe == ["text"]

    async def test_a_frozen_key_stays_so_on_new_connections(
        self, sandbox: Sandbox, client: TelegramClient, anna: int
    ) -> None:
        (key,) = sandbox.keys_of(anna)
        sandbox.faults.freeze(key=key.unsigned_id)
        await client.disconnect()
        connecting = asyncio.create_task(client.connect())
        done, _ = await asyncio.wait([connecting], timeout=0.2)
        assert not done
        sandbox.faults.thaw(key=key.unsigned_id)
        async with asyncio.timeout(10):
            await connecting
        assert (await client.get_me()).id == anna

    async def test_a_frozen_connection_is_closed_when_its_ping_runs_out(
        self, sandbox: Sandbox, client: TelegramClient, anna: int
    ) -> None:
        """The timer of ping_delay_disconnect is Telegram's, and Telegram is not frozen."""
        await client(functions.PingDelayDisconnectRequest(1, 1))
        sandbox.faults.freeze(user=anna)
        with pytest.raises(EOFError):
            async with asyncio.timeout(10):
                await client.disconnected
        assert sandbox.record.connections[-1].why == "ping_delay_disconnect ran out"

    async def test_delay_keeps_the_order(self, sandbox: Sandbox, client: TelegramClient, anna: int) -> None:
        loop = asyncio.get_running_loop()
        sandbox.faults.delay(anna, 0.2)
        began = loop.time()
        answers: list[int] = []

        async def ask(number: int) -> None:
            await client(functions.PingRequest(number))
            answers.append(number)

        await asyncio.gather(*(ask(number) for number in range(20)))
        assert loop.time() - began >= 0.2
        assert answers == list(range(20))
        sandbox.faults.delay(anna, 0)
        assert await client(NEAREST) == RIGHT

    @pytest.mark.parametrize("code", [404, 429, 444])
    async def test_transport_errors(self, sandbox: Sandbox, client: TelegramClient, anna: int, code: int) -> None:
        """https://core.telegram.org/mtproto/mtproto-transports#transport-errors"""
        sandbox.faults.transport(code, user=anna)
        with pytest.raises(Exception) as caught:
            await client(NEAREST)
        assert type(caught.value).__name__ in (
            "AuthKeyNotFound",
            "InvalidBufferError",
            "IncompleteReadError",
            "ConnectionError",
            "CancelledError",
        )
        assert sandbox.record.connections[-1].why == f"transport error {code}"
        await client.disconnect()
        await client.connect()
        assert await client(NEAREST) == RIGHT


class TestOneConnection:
    """What Telegram does to an authorization that is used over two connections in parallel."""

    async def test_ends_the_key_for_good(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: ClientFor, anna: int, refused: Refused
    ) -> None:
        session, copy = MemorySession(), MemorySession()
        client = await client_for(PHONE, session=session)
        copy.auth_key = session.auth_key
        sandbox.faults.one_connection()
        with pytest.raises(AuthKeyDuplicatedError):
            await stranger(session=copy)
        with pytest.raises(EOFError):
            await client.disconnected
        assert not sandbox.keys_of(anna)
        await client.connect()
        assert await refused(client(functions.contacts.GetContactsRequest(0))) == "AUTH_KEY_DUPLICATED"

    async def test_one_after_the_other_is_fine(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: ClientFor, anna: int
    ) -> None:
        session, copy = MemorySession(), MemorySession()
        client = await client_for(PHONE, session=session)
        copy.auth_key = session.auth_key
        sandbox.faults.one_connection()
        await client.disconnect()
        async with asyncio.timeout(10):
            while sandbox.record.open_connections():  # noqa: ASYNC110 (the server has no event for it)
                await asyncio.sleep(0)
        assert (await (await stranger(session=copy)).get_me()).id == anna

    async def test_connections_for_files_are_exempt(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: ClientFor, anna: int
    ) -> None:
        session, copy = MemorySession(), MemorySession()
        client = await client_for(PHONE, session=session)
        copy.auth_key = session.auth_key
        sandbox.faults.one_connection()
        other = await stranger(session=copy, receive_updates=False)
        assert (await other.get_me()).id == (await client.get_me()).id == anna


class TestRecord:
    async def test_connections(self, sandbox: Sandbox, client: TelegramClient, anna: int) -> None:
        (entry,) = sandbox.record.open_connections()
        (key,) = sandbox.keys_of(anna)
        assert (entry.key_id, entry.dc_id, entry.closed) == (key.unsigned_id, 1, None)
        assert entry.source.startswith("127.0.0.1:")
        await client.disconnect()
        async with asyncio.timeout(10):
            while sandbox.record.open_connections():  # noqa: ASYNC110 (the server has no event for it)
                await asyncio.sleep(0)
        assert entry.closed is not None
        assert entry.why == "closed by client"

    async def test_uses(self, sandbox: Sandbox, client: TelegramClient, anna: int, probe: list[str]) -> None:
        await client(send())
        (key,) = sandbox.keys_of(anna)
        (use,) = sandbox.record.uses_of("messages.sendMessage")
        (connection,) = sandbox.record.open_connections(key.unsigned_id)
        assert (use.key_id, use.user_id, use.connection) == (key.unsigned_id, anna, connection.number)
        assert use.session_id == client._sender._state.id
        assert sandbox.record.uses_of(user_id=anna)[-1] is use
        assert "text" not in str(sandbox.record.as_json())

    async def test_clearing_keeps_what_is_open(self, sandbox: Sandbox, client: TelegramClient) -> None:
        sandbox.record.clear()
        assert not sandbox.record.uses
        assert len(sandbox.record.connections) == 1
