"""Requests on their way to their handlers: wrappers, errors, order. https://core.telegram.org/api/invoking"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telethon.tl import TLRequest, functions, types
from telethon.tl.alltlobjects import LAYER

from sandbox.dispatch import Context, Registry, method_name, registry
from sandbox.errors import RpcError
from sandbox.server import Sandbox
from tests.sandbox.raw import RawClient, key_of

NEAREST = functions.help.GetNearestDcRequest()
# Two methods that the data centre does not have; tests give them handlers of their own.
PROBE, OTHER = functions.help.GetSupportRequest, functions.help.GetTimezonesListRequest


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[RawClient]:
    client = await (await RawClient.open(sandbox)).initialised()
    yield client
    client.close()


@pytest.fixture
def handlers() -> Iterator[Registry]:
    """The registry, put back afterwards."""
    before = dict(registry.methods)
    yield registry
    registry.methods.clear()
    registry.methods.update(before)


def init(query: TLRequest, layer: int | None = LAYER, **wrong: Any) -> TLRequest:
    right = {"api_id": 1, "device_model": "PC", "system_version": "1", "app_version": "2", "system_lang_code": "en",
             "lang_pack": "", "lang_code": "de"}  # fmt: skip
    request = functions.InitConnectionRequest(**{**right, **wrong}, query=query)
    return request if layer is None else functions.InvokeWithLayerRequest(layer, request)


def error(answer: Any) -> tuple[int, str]:
    assert isinstance(answer, types.RpcError)
    return answer.error_code, answer.error_message


async def salted(sandbox: Sandbox) -> RawClient:
    """A client with the right salt that has not called initConnection."""
    client = await RawClient.open(sandbox)
    await client.send(functions.PingRequest(1))
    client.salt = (await client.expect(types.BadServerSalt)).obj.new_server_salt
    return client


class TestInitConnection:
    """https://core.telegram.org/method/initConnection"""

    async def test_is_needed_first(self, sandbox: Sandbox) -> None:
        client = await salted(sandbox)
        assert error(await client.call(NEAREST)) == (400, "CONNECTION_NOT_INITED")
        assert isinstance(await client.call(init(NEAREST)), types.NearestDc)
        assert isinstance(await client.call(NEAREST), types.NearestDc)

    async def test_holds_for_the_key(self, sandbox: Sandbox, client: RawClient) -> None:
        """Not for the connection or the session: other ones of the same key need it no more."""
        other = await RawClient.open(sandbox, like=client)
        other.session_id += 1
        assert isinstance(await other.call(NEAREST), types.NearestDc)

    async def test_is_kept_with_the_key(self, sandbox: Sandbox) -> None:
        client = await salted(sandbox)
        await client.call(init(NEAREST))
        key = key_of(sandbox, client)
        assert (key.layer, key.api_id, key.device_model, key.system_version) == (LAYER, 1, "PC", "1")
        assert (key.app_version, key.system_lang_code, key.lang_code, key.ip) == ("2", "en", "de", "127.0.0.1")

    @pytest.mark.parametrize(
        ("wrong", "name"),
        [
            ({"api_id": 0}, "CONNECTION_API_ID_INVALID"),
            ({"device_model": " "}, "CONNECTION_DEVICE_MODEL_EMPTY"),
            ({"system_version": ""}, "CONNECTION_SYSTEM_EMPTY"),
            ({"app_version": ""}, "CONNECTION_APP_VERSION_EMPTY"),
            ({"layer": 0}, "CONNECTION_LAYER_INVALID"),
            ({"layer": LAYER + 1}, "CONNECTION_LAYER_INVALID"),
            ({"layer": None}, "CONNECTION_LAYER_INVALID"),
        ],
    )
    async def test_wrong_uses(self, sandbox: Sandbox, wrong: dict[str, Any], name: str) -> None:
        client = await salted(sandbox)
        assert error(await client.call(init(NEAREST, **wrong))) == (400, name)
        assert error(await client.call(NEAREST)) == (400, "CONNECTION_NOT_INITED")


class TestMethods:
    def test_names_are_telegrams(self) -> None:
        assert method_name(functions.messages.SendMessageRequest) == "messages.sendMessage"
        assert method_name(functions.InitConnectionRequest) == "initConnection"

    def test_one_handler_each(self, handlers: Registry) -> None:
        taken = handlers.methods[functions.help.GetConfigRequest].handler
        with pytest.raises(ValueError, match="has a handler already"):
            handlers.method(functions.help.GetConfigRequest)(taken)

    async def test_an_unknown_one(self, client: RawClient, caplog: pytest.LogCaptureFixture) -> None:
        query = functions.messages.TranslateTextRequest("en", text=[types.TextWithEntities("very secret", [])])
        assert error(await client.call(query)) == (400, "INPUT_METHOD_INVALID")
        assert "messages.translateText" in caplog.text
        assert "secret" not in caplog.text

    async def test_something_that_is_no_method(self, client: RawClient) -> None:
        assert error(await client.call(types.User(5))) == (400, "INPUT_METHOD_INVALID")

    @pytest.mark.parametrize(
        ("body", "name"),
        [
            (b"\x01\x02\x03\x04", "INPUT_METHOD_INVALID"),
            (
                bytes(functions.users.GetUsersRequest([]))[:-4] + b"\1\0\0\0\x01\x02\x03\x04",
                "INPUT_CONSTRUCTOR_INVALID",
            ),
            (bytes(functions.users.GetUsersRequest([]))[:-4], "INPUT_FETCH_ERROR"),
            (bytes(functions.InvokeWithoutUpdatesRequest(NEAREST))[:4] * 30_000, "INPUT_FETCH_ERROR"),
        ],
    )
    async def test_unreadable_ones(self, client: RawClient, body: bytes, name: str) -> None:
        assert error(await client.call(body)) == (400, name)
        assert isinstance(await client.call(NEAREST), types.NearestDc)

    @pytest.mark.parametrize(
        "query",
        [
            functions.users.GetUsersRequest([types.InputPeerSelf()]),
            functions.messages.SendMessageRequest(types.InputUserSelf(), "text", random_id=1),
            functions.messages.SendMessageRequest(types.InputPeerSelf(), "", random_id=1, entities=[types.Pong(1, 2)]),
            functions.messages.SendMessageRequest(
                types.InputPeerSelf(), "text", random_id=1,
                entities=[types.InputMessageEntityMentionName(0, 1, types.InputPeerSelf())],
            ),
        ],
        ids=["vector", "field", "optional vector", "deep inside"],
    )  # fmt: skip
    async def test_objects_of_a_wrong_type(self, client: RawClient, query: TLRequest) -> None:
        assert error(await client.call(query)) == (400, "INPUT_CONSTRUCTOR_INVALID")

    async def test_needs_an_account_unless_anonymous(self, client: RawClient, handlers: Registry) -> None:
        @handlers.method(PROBE)
        async def probe(ctx: Context, request: TLRequest) -> bool:
            raise AssertionError("must not run")

        assert error(await client.call(PROBE())) == (401, "AUTH_KEY_UNREGISTERED")

    async def test_a_bug_of_ours(self, client: RawClient, handlers: Registry, caplog: pytest.LogCaptureFixture) -> None:
        @handlers.method(PROBE, anonymous=True)
        async def probe(ctx: Context, request: TLRequest) -> bool:
            raise KeyError("secret")

        with caplog.at_level(logging.ERROR):
            assert error(await client.call(PROBE())) == (500, "INTERNAL")
        assert "help.getSupport failed: KeyError" in caplog.text
        assert "secret" not in caplog.text

    @pytest.mark.parametrize(
        ("request_", "result"),
        [
            (functions.contacts.GetContactIDsRequest(0), [1, 2, 3]),
            (functions.messages.ReceivedQueueRequest(0), [1 << 40, 2]),
            (functions.contacts.GetStatusesRequest(), [types.ContactStatus(5, types.UserStatusEmpty())]),
            (functions.auth.DropTempAuthKeysRequest([]), True),
            (functions.auth.DropTempAuthKeysRequest([]), False),
            (functions.contacts.GetContactIDsRequest(0), []),
        ],
    )
    async def test_results_without_a_class(
        self, sandbox: Sandbox, stranger: Any, handlers: Registry, request_: TLRequest, result: Any
    ) -> None:
        """Bool, Vector<int>, Vector<long> and Vector<object>, as a stock client reads them."""
        handlers.methods.pop(type(request_), None)

        @handlers.method(type(request_), anonymous=True)
        async def probe(ctx: Context, request: TLRequest) -> Any:
            return result

        assert await (await stranger())(request_) == result

    async def test_a_large_result_is_gzipped(self, client: RawClient, handlers: Registry) -> None:
        text = "x" * 100_000

        @handlers.method(PROBE, anonymous=True)
        async def probe(ctx: Context, request: TLRequest) -> Any:
            return types.help.InviteText(text)

        msg_id = await client.send(PROBE())
        while not (found := [message for message in client.inbox if message.answers == msg_id]):
            await client.receive()
        assert found[0].obj.message == text
        assert len(found[0].body) < 2000


class TestOrder:
    @pytest.fixture
    def gates(self, handlers: Registry) -> list[asyncio.Event]:
        """Two methods: one that waits for its gate and then fails or not, one that answers at once."""
        gate = asyncio.Event()

        @handlers.method(PROBE, anonymous=True)
        async def waits(ctx: Context, request: TLRequest) -> bool:
            await gate.wait()
            return True

        @handlers.method(OTHER, anonymous=True)
        async def fails(ctx: Context, request: TLRequest) -> bool:
            await gate.wait()
            raise RpcError(400, "OTHER_FAILED")

        return [gate]

    async def test_requests_do_not_wait_for_each_other(self, client: RawClient, gates: list[asyncio.Event]) -> None:
        slow = await client.send(PROBE())
        assert isinstance(await client.call(NEAREST), types.NearestDc)
        assert slow in (await client.expect(types.MsgsAck)).obj.msg_ids  # it is a long time coming
        gates[0].set()
        assert await client.result(slow) is True

    async def test_invoke_after_msg(self, client: RawClient, gates: list[asyncio.Event]) -> None:
        """https://core.telegram.org/method/invokeAfterMsg"""
        first = await client.send(PROBE())
        second = await client.send(functions.InvokeAfterMsgRequest(first, NEAREST))
        await client.settle()
        assert not [message for message in client.inbox if message.answers]
        gates[0].set()
        answers = [await self.next_answer(client) for _ in range(2)]
        assert answers == [first, second]

    async def test_invoke_after_msgs(self, client: RawClient, gates: list[asyncio.Event]) -> None:
        """https://core.telegram.org/method/invokeAfterMsgs"""
        gates[0].set()
        ids = [await client.send(PROBE()) for _ in range(3)]
        last = await client.send(functions.InvokeAfterMsgsRequest(ids, NEAREST))
        assert [await self.next_answer(client) for _ in range(4)] == [*ids, last]

    @staticmethod
    async def next_answer(client: RawClient) -> int:
        while not (found := [message for message in client.inbox if message.answers]):
            await client.receive()
        client.inbox.remove(found[0])
        assert found[0].answers is not None
        return found[0].answers

    async def test_after_one_that_fails(self, client: RawClient, gates: list[asyncio.Event]) -> None:
        gates[0].set()
        first = await client.send(OTHER(0))
        second = await client.send(functions.InvokeAfterMsgRequest(first, NEAREST))
        assert error(await client.result(second)) == (400, "MSG_WAIT_FAILED")
        assert error(await client.result(first)) == (400, "OTHER_FAILED")

    async def test_after_one_that_never_came(self, client: RawClient) -> None:
        query = functions.InvokeAfterMsgRequest(client.new_id(), NEAREST)
        assert error(await client.call(query)) == (400, "MSG_WAIT_FAILED")

    async def test_after_itself(self, client: RawClient) -> None:
        msg_id = client.new_id()
        query = functions.InvokeAfterMsgRequest(msg_id, NEAREST)
        assert error(await client.call(query, msg_id=msg_id)) == (400, "MSG_WAIT_FAILED")

    async def test_steps_after_the_answer(self, client: RawClient, handlers: Registry, sandbox: Sandbox) -> None:
        """As auth.logOut does: the key is gone, but its answer has left."""

        @handlers.method(PROBE, anonymous=True)
        async def probe(ctx: Context, request: TLRequest) -> bool:
            ctx.after(lambda: ctx.server.destroy_key(ctx.key, "probe"))
            return True

        assert await client.call(PROBE()) is True
        assert await client.closed()


async def test_what_cannot_be_stored_is_not_answered(
    client: RawClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: the connection is closed, and later all goes on."""

    def full() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(sandbox.store, "commit", full)
        await client.send(NEAREST)
        assert await client.closed()
    again = await RawClient.open(sandbox, like=client)
    assert isinstance(await again.call(NEAREST), types.NearestDc)


@given(body=st.binary(min_size=4, max_size=200).map(lambda data: data[: len(data) // 4 * 4]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_hostile_requests_get_an_answer_or_nothing(sandbox: Sandbox, body: bytes) -> None:
    client = await raw(sandbox)
    await client.send(body)
    await client.settle()
    assert isinstance(await client.call(NEAREST), types.NearestDc)


_clients: dict[int, RawClient] = {}


async def raw(sandbox: Sandbox) -> RawClient:
    """One client for all examples: they run in one loop."""
    key = id(sandbox)
    if key not in _clients:
        _clients.clear()
        _clients[key] = await (await RawClient.open(sandbox)).initialised()
    return _clients[key]
