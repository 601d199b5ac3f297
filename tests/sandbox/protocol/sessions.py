"""A data centre whose clock tests move, and a client that writes each message by hand."""

from collections.abc import AsyncIterator

import pytest
from telethon.tl import functions, types

from sandbox.protocol.session import Session
from sandbox.server import Sandbox
from tests.kit.clocks import RunningClock
from tests.sandbox.raw import RawClient, key_of

NEAREST = functions.help.GetNearestDcRequest()
HOUR = 3600


@pytest.fixture
def clock() -> RunningClock:
    return RunningClock()


@pytest.fixture
async def sandbox(rsa_key_path: str, clock: RunningClock) -> AsyncIterator[Sandbox]:
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
