"""The control API: what other processes may tell the data centre, and what they may not."""

import asyncio
import contextlib
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox import control
from sandbox.control import CallError, ControlClient, jsonable
from sandbox.server import Sandbox

PHONE = "491511234567"


@pytest.fixture
async def sandbox(rsa_key_path: str, tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(rsa_key_path=rsa_key_path, state=str(tmp_path / "world.sqlite"), control=True) as server:
        yield server


@pytest.fixture
def call(sandbox: Sandbox) -> Callable[..., Any]:
    """The synchronous client, in a thread: the server runs in this loop."""
    assert sandbox.control is not None
    client = ControlClient(sandbox.control.url, sandbox.control.token)

    async def in_thread(name: str, **args: Any) -> Any:
        return await asyncio.to_thread(client.call, name, **args)

    return in_thread


async def http(sandbox: Sandbox, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(sandbox.host, sandbox.control_port)
    writer.write(data)
    writer.write_eof()
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


def request(sandbox: Sandbox, body: bytes, *, line: str = "POST /call HTTP/1.1", token: str | None = None) -> bytes:
    assert sandbox.control is not None
    token = sandbox.control.token if token is None else token
    head = f"{line}\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


async def test_faults(call: Callable[..., Any], sandbox: Sandbox) -> None:
    assert await call("faults.flood", method="messages.sendMessage", seconds=30) is None
    (rule,) = await call("faults.pending")
    assert (rule["method"], rule["message"], rule["times"]) == ("messages.sendMessage", "FLOOD_WAIT_30", 1)
    await call("faults.set_random_id", mode="duplicate_error")
    assert sandbox.faults.random_id == "duplicate_error"
    await call("faults.clear")
    assert await call("faults.pending") == []


async def test_record(call: Callable[..., Any]) -> None:
    assert await call("record.as_json") == {"connections": [], "uses": []}
    assert await call("record.uses_of", method="messages.sendMessage") == []


async def test_the_world(call: Callable[..., Any], sandbox: Sandbox) -> None:
    anna = await call("world.create_account", phone=PHONE, first_name="Anna")
    ben = await call("world.create_account", phone="491511234568", first_name="Ben", username="ben_b")
    assert sandbox.world.accounts[ben].username == "ben_b"
    group = await call("world.create_group", creator=anna, title="Both", users=[ben])
    message_id = await call("world.send", from_user=anna, peer=ben, text="hello")
    await call("world.edit", user_id=anna, peer=ben, message_id=message_id, text="hello, Ben")
    await call("world.send", from_user=ben, peer=group, text="hello, all")
    told = await call("world.snapshot", user_id=ben)
    assert [message["text"] for message in told[str(anna)]] == ["hello, Ben"]
    assert told[str(group)][-1]["text"] == "hello, all"
    assert told["read_marks"][str(anna)]["unread"] == 1
    accounts = await call("world.accounts_by_phone")
    assert (accounts[PHONE], accounts["491511234568"]) == (anna, ben)


async def test_every_allowed_call_exists(sandbox: Sandbox) -> None:
    assert sandbox.control is not None
    for area, names in control._ALLOWED.items():
        for name in names:
            with pytest.raises(CallError, match="TypeError"):
                sandbox.control.call(f"{area}.{name}", {"no_such_argument": 1})


async def test_the_worlds_own_errors_are_told(call: Callable[..., Any]) -> None:
    anna = await call("world.create_account", phone=PHONE, first_name="Anna")
    with pytest.raises(CallError, match="MESSAGE_EMPTY"):
        await call("world.send", from_user=anna, peer=anna, text=" ")


async def test_what_was_told_is_stored_before_the_answer(call: Callable[..., Any], sandbox: Sandbox) -> None:
    await call("world.create_account", phone=PHONE, first_name="Anna")
    assert not sandbox.store._buffer


@pytest.mark.parametrize(
    "name",
    ["faults._rules", "faults.meet", "world.store", "store.close", "stop", "", ".", "world.__init__", "faults.flood.x"],
)
async def test_only_what_is_allowed(call: Callable[..., Any], name: str) -> None:
    with pytest.raises(CallError, match="no such call"):
        await call(name)


@pytest.mark.parametrize("args", [{}, {"method": "x"}, {"method": "x", "seconds": 1, "unknown": 1}])
async def test_wrong_arguments(call: Callable[..., Any], args: dict[str, Any]) -> None:
    with pytest.raises(CallError, match="TypeError"):
        await call("faults.flood", **args)


async def test_the_token_is_needed(sandbox: Sandbox) -> None:
    assert sandbox.control is not None
    stranger = ControlClient(sandbox.control.url, "wrong")
    with pytest.raises(CallError, match="token"):
        await asyncio.to_thread(stranger.call, "record.as_json")


async def test_the_token_lies_beside_the_state_for_its_owner_only(sandbox: Sandbox) -> None:
    path = Path(f"{sandbox.state}.control-token")
    assert sandbox.control is not None
    assert await asyncio.to_thread(path.read_text) == sandbox.control.token
    assert stat.S_IMODE((await asyncio.to_thread(path.stat)).st_mode) == 0o600


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"nonsense", b'{"name": 5}', b'{"name": "x", "args": []}', b"\xff"]
)
async def test_malformed_calls(sandbox: Sandbox, body: bytes) -> None:
    assert (await http(sandbox, request(sandbox, body))).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("line", ["GET /call HTTP/1.1", "POST / HTTP/1.1", "POST", ""])
async def test_other_addresses(sandbox: Sandbox, line: str) -> None:
    assert (await http(sandbox, request(sandbox, b"{}", line=line))).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\xff\r\n\r\n",
        b"POST /call HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /call HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /call HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"x" * 100_000,
    ],
)
async def test_what_is_no_http_is_hung_up_on(sandbox: Sandbox, data: bytes, call: Callable[..., Any]) -> None:
    with contextlib.suppress(ConnectionError):  # hung up while we were still writing
        assert await http(sandbox, data) == b""
    assert await call("faults.pending") == []


def test_results_must_be_json() -> None:
    assert jsonable({1: (b"\x01", {2})}) == {"1": ["01", [2]]}
    with pytest.raises(CallError):
        jsonable(object())
