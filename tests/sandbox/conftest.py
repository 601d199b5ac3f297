"""A sandbox in this process, and stock Telethon clients for it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient
from telethon.crypto import rsa as client_keys
from telethon.errors import RPCError, SessionPasswordNeededError
from telethon.errors.rpcerrorlist import rpc_errors_dict, rpc_errors_re
from telethon.network import Connection, ConnectionTcpFull
from telethon.sessions import MemorySession

from sandbox.protocol.rsa import RsaKey
from sandbox.server import Sandbox

API_ID, API_HASH = 1, "0" * 32


@pytest.fixture(scope="session")
def rsa_key_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One RSA key for all sandboxes of a run: making one takes longer than most tests, and Telethon forgets none."""
    key = RsaKey.generate()
    path = tmp_path_factory.mktemp("rsa") / "key.pem"
    path.write_bytes(key.private_pem)
    client_keys.add_key(key.public_pem, old=False)
    return str(path)


@pytest.fixture
async def sandbox(rsa_key_path: str, tmp_path: Path) -> AsyncIterator[Sandbox]:
    """A fresh data centre; its sign-in codes are in ``codes.jsonl``."""
    server = Sandbox(rsa_key_path=rsa_key_path, codes_path=str(tmp_path / "codes.jsonl"), seed=1)
    async with server:
        yield server


@pytest.fixture
async def stranger(sandbox: Sandbox) -> AsyncIterator[Callable[..., Awaitable[TelegramClient]]]:
    """Makes connected stock clients that are not signed in; takes ``dc``, ``server``, TelegramClient's own options."""
    clients: list[TelegramClient] = []
    TelegramClient._config = None  # Telethon keeps the list of data centres for the whole process

    async def connect(
        dc: int = 1, connection: type[Connection] = ConnectionTcpFull, server: Sandbox = sandbox, **options: Any
    ) -> TelegramClient:
        session = options.pop("session", None) or MemorySession()
        session.set_dc(dc, server.host, server.port + dc - 1)
        defaults: dict[str, Any] = {
            "auto_reconnect": False, "connection_retries": 1, "retry_delay": 0, "request_retries": 0,
            "raise_last_call_error": True, "flood_sleep_threshold": 0,
        }  # fmt: skip
        client = TelegramClient(session, API_ID, API_HASH, connection=connection, **{**defaults, **options})
        clients.append(client)
        await client.connect()
        return client

    yield connect
    await asyncio.gather(*(client.disconnect() for client in clients), return_exceptions=True)


def last_code(sandbox: Sandbox, phone: str) -> str:
    """The last sign-in code that the data centre sent to a phone."""
    assert sandbox.codes_path is not None
    lines = [json.loads(line) for line in Path(sandbox.codes_path).read_text().splitlines()]
    return str(next(line["code"] for line in reversed(lines) if line["phone"] == phone.lstrip("+")))


@pytest.fixture
def client_for(
    sandbox: Sandbox, stranger: Callable[..., Awaitable[TelegramClient]]
) -> Callable[..., Awaitable[TelegramClient]]:
    """Makes stock clients that are signed in, the real way, to the account with that phone (a new one if need be).

    Neither their codes nor their logins show up as messages in the account's other sessions: tests count messages.
    """

    async def sign_in(phone: str, *, password: str | None = None, **options: Any) -> TelegramClient:
        if sandbox.world.accounts.by_phone(phone) is None:
            sandbox.world.accounts.create(phone, f"User {phone[-2:]}", password=password)
        client = await stranger(**options)
        limits = sandbox.world.logins.limits
        messages, limits.service_messages = limits.service_messages, False
        sent = await client.send_code_request(phone)
        code = last_code(sandbox, phone)
        try:
            await client.sign_in(phone, code, phone_code_hash=sent.phone_code_hash)
        except SessionPasswordNeededError:
            await client.sign_in(password=password)
        limits.service_messages = messages
        return client

    return sign_in


@pytest.fixture
def refused() -> Callable[[Awaitable[Any]], Awaitable[str]]:
    """Awaits a request that must fail; gives Telegram's own name of the error ("PEER_ID_INVALID", "FLOOD_WAIT_30")."""

    async def wait(request: Awaitable[Any]) -> str:
        with pytest.raises(RPCError) as caught:
            await request
        return error_name(caught.value)

    return wait


_NAMES = {kind: name for name, kind in rpc_errors_dict.items()}
_NUMBERED = {kind: pattern for pattern, kind in rpc_errors_re}


def error_name(error: RPCError) -> str:
    """Telegram's name of an error that Telethon has made an exception of."""
    kind = type(error)
    if kind in _NAMES:
        return _NAMES[kind]
    if kind in _NUMBERED:
        number = next(value for value in vars(error).values() if isinstance(value, int))
        return _NUMBERED[kind].replace("(\\d+)", str(number))
    return str(error.message)
