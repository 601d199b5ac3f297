"""Steps of a sign-in by a stock client, for the tests of each method."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telethon import TelegramClient, errors
from telethon import password as client_side
from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.world.accounts import Account

ClientFor = Callable[..., Awaitable[TelegramClient]]
Refused = Callable[..., Awaitable[str]]
Stranger = Callable[..., Awaitable[TelegramClient]]

PHONE, OTHER_PHONE = "491511234567", "491511234568"
API_ID, API_HASH = 1, "0" * 32
PASSWORD = "correct horse"
SETTINGS = types.CodeSettings()


def request_code(phone: str = PHONE, **settings: Any) -> functions.auth.SendCodeRequest:
    return functions.auth.SendCodeRequest(phone, API_ID, API_HASH, types.CodeSettings(**settings))


def log_out() -> functions.InvokeWithoutUpdatesRequest:
    """auth.logOut in a wrapper: of a bare one Telethon takes the acknowledgement for the answer."""
    return functions.InvokeWithoutUpdatesRequest(functions.auth.LogOutRequest())


def code_of(sandbox: Sandbox, phone: str = PHONE) -> str:
    """The code on its way to that phone."""
    sent = sandbox.world.logins.by_phone(phone)
    assert sent is not None
    return sent.code


def wrong_code_of(sandbox: Sandbox, phone: str = PHONE) -> str:
    return "".join(str((int(digit) + 1) % 10) for digit in code_of(sandbox, phone))


async def half_signed(client: TelegramClient, sandbox: Sandbox, phone: str = PHONE) -> None:
    """Bring the client to where the cloud password is asked for."""
    await client.send_code_request(phone)
    with pytest.raises(errors.SessionPasswordNeededError):
        await client.sign_in(phone, code_of(sandbox, phone))


async def answer(client: TelegramClient, password: str) -> functions.auth.CheckPasswordRequest:
    """The auth.checkPassword that a client makes of a password."""
    asked = await client(functions.account.GetPasswordRequest())
    return functions.auth.CheckPasswordRequest(client_side.compute_check(asked, password))


@pytest.fixture
def anna(sandbox: Sandbox) -> Account:
    return sandbox.world.accounts.create(PHONE, "Anna", "Ba")


@pytest.fixture
def guarded(sandbox: Sandbox) -> Account:
    """An account with a cloud password."""
    return sandbox.world.accounts.create(PHONE, "Anna", password=PASSWORD, hint="a hint")
