"""Login by QR code, driven by stock clients. https://core.telegram.org/api/qr-login"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient, errors, events
from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.world.accounts import Account

ClientFor = Callable[..., Awaitable[TelegramClient]]
Refused = Callable[..., Awaitable[str]]
Stranger = Callable[..., Awaitable[TelegramClient]]

PHONE, PASSWORD = "491511234567", "correct horse"
API_ID, API_HASH = 1, "0" * 32
HOME = 2


@pytest.fixture
async def sandbox(rsa_key_path: str, tmp_path: Path) -> AsyncIterator[Sandbox]:
    """Two data centres."""
    state, codes = str(tmp_path / "world.sqlite"), str(tmp_path / "codes.jsonl")
    async with Sandbox(rsa_key_path=rsa_key_path, codes_path=codes, state=state, dcs=2, seed=1) as server:
        yield server


def export(*except_ids: int) -> functions.auth.ExportLoginTokenRequest:
    return functions.auth.ExportLoginTokenRequest(API_ID, API_HASH, list(except_ids))


def accept(token: bytes) -> functions.auth.AcceptLoginTokenRequest:
    return functions.auth.AcceptLoginTokenRequest(token)


def load(token: bytes) -> functions.auth.ImportLoginTokenRequest:
    return functions.auth.ImportLoginTokenRequest(token)


def scanned(client: TelegramClient) -> asyncio.Future[Any]:
    """The client's updateLoginToken, when it comes."""
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def note(update: Any) -> None:
        if not future.done():
            future.set_result(update)

    client.add_event_handler(note, events.Raw(types.UpdateLoginToken))
    return future


async def devices(client: TelegramClient) -> list[types.Authorization]:
    return list((await client(functions.account.GetAuthorizationsRequest())).authorizations)


@pytest.fixture
def anna(sandbox: Sandbox) -> Account:
    return sandbox.world.accounts.create(PHONE, "Anna")


class TestOneDataCentre:
    """https://core.telegram.org/method/auth.exportLoginToken https://core.telegram.org/method/auth.acceptLoginToken"""

    async def test_shown_accepted_and_signed_in(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, anna: Account
    ) -> None:
        phone = await client_for(PHONE, device_model="Phone")
        screen = await stranger(device_model="Screen")
        told = scanned(screen)
        shown = await screen(export())
        assert isinstance(shown, types.auth.LoginToken)
        assert 0 < shown.expires.timestamp() - sandbox.clock() <= sandbox.world.logins.tokens.seconds
        to_be = await phone(accept(shown.token))
        assert (to_be.device_model, to_be.unconfirmed, to_be.password_pending) == ("Screen", True, False)
        await asyncio.wait_for(told, 10)
        entered = await screen(export())
        assert isinstance(entered, types.auth.LoginTokenSuccess)
        assert entered.authorization.user.id == anna.user_id == (await screen.get_me()).id
        listed = await devices(phone)
        assert [(each.hash, each.unconfirmed) for each in listed[1:]] == [(to_be.hash, True)]
        change = functions.account.ChangeAuthorizationSettingsRequest(to_be.hash, confirmed=True)
        assert await phone(change) is True
        again = await screen(export())
        assert isinstance(again, types.auth.LoginTokenSuccess)

    async def test_telethons_own_qr_login(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, anna: Account
    ) -> None:
        phone, screen = await client_for(PHONE), await stranger()
        login = await screen.qr_login()
        assert login.url.startswith("tg://login?token=")
        waiting = asyncio.create_task(login.wait(10))
        await asyncio.sleep(0)
        await phone(accept(login.token))
        assert (await waiting).id == anna.user_id

    async def test_a_renewed_token_leaves_the_former_one_valid(
        self, client_for: ClientFor, stranger: Stranger, anna: Account
    ) -> None:
        phone, screen = await client_for(PHONE), await stranger()
        first, second = await screen(export()), await screen(export())
        assert first.token != second.token
        await phone(accept(first.token))
        assert isinstance(await screen(export()), types.auth.LoginTokenSuccess)

    async def test_wrong_uses(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused, anna: Account
    ) -> None:
        phone, screen, other = await client_for(PHONE), await stranger(), await stranger()
        bad = functions.auth.ExportLoginTokenRequest
        assert await refused(screen(bad(0, API_HASH, []))) == "API_ID_INVALID"
        assert await refused(screen(bad(1, "no hash", []))) == "API_ID_INVALID"
        assert await refused(other(accept(b"x" * 16))) == "AUTH_KEY_UNREGISTERED"
        assert await refused(phone(accept(b"x" * 16))) == "AUTH_TOKEN_INVALID"
        assert await refused(phone(accept(b""))) == "AUTH_TOKEN_INVALID"
        assert await refused(phone(accept((await screen(export(anna.user_id))).token))) == "AUTH_TOKEN_EXCEPTION"
        shown = await screen(export())
        assert await refused(other(load(shown.token))) == "AUTH_TOKEN_INVALID"
        await phone(accept(shown.token))
        assert await refused(phone(accept(shown.token))) == "AUTH_TOKEN_ALREADY_ACCEPTED"
        sandbox.world.logins.tokens.seconds = 0
        late = await other(export())
        assert await refused(phone(accept(late.token))) == "AUTH_TOKEN_EXPIRED"

    async def test_with_a_cloud_password(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused
    ) -> None:
        """The session is listed as one that still waits for the password, by the name that it bears afterwards."""
        sandbox.world.accounts.create(PHONE, "Anna", password=PASSWORD, hint="a hint")
        phone, screen = await client_for(PHONE, password=PASSWORD), await stranger()
        to_be = await phone(accept((await screen(export())).token))
        assert to_be.password_pending
        with pytest.raises(errors.SessionPasswordNeededError):
            await screen(export())
        assert await refused(screen(export())) == "SESSION_PASSWORD_NEEDED"
        assert [(each.hash, each.password_pending) for each in (await devices(phone))[1:]] == [(to_be.hash, True)]
        await screen.sign_in(password=PASSWORD)
        assert [(each.hash, each.password_pending) for each in (await devices(phone))[1:]] == [(to_be.hash, False)]

    async def test_an_incomplete_login_attempt_can_be_ended(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused
    ) -> None:
        """https://core.telegram.org/method/account.resetAuthorization"""
        sandbox.world.accounts.create(PHONE, "Anna", password=PASSWORD)
        sandbox.world.logins.limits.fresh_seconds = 0
        phone, screen = await client_for(PHONE, password=PASSWORD), await stranger()
        to_be = await phone(accept((await screen(export())).token))
        assert await refused(screen(export())) == "SESSION_PASSWORD_NEEDED"
        session = screen.session
        await screen.disconnect()
        assert await phone(functions.account.ResetAuthorizationRequest(to_be.hash)) is True
        again = await stranger(session=session)
        assert await refused(again(functions.account.GetPasswordRequest())) == "AUTH_KEY_UNREGISTERED"


class TestTwoDataCentres:
    """https://core.telegram.org/method/auth.importLoginToken"""

    @pytest.fixture
    def bert(self, sandbox: Sandbox) -> Account:
        return sandbox.world.accounts.create(PHONE, "Bert", home_dc=HOME)

    async def test_sent_on_to_the_accounts_own(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused, bert: Account
    ) -> None:
        phone, screen, at_home = await client_for(PHONE, dc=HOME), await stranger(), await stranger(dc=HOME)
        told = scanned(screen)
        to_be = await phone(accept((await screen(export())).token))
        await asyncio.wait_for(told, 10)
        moved = await screen(export())
        assert isinstance(moved, types.auth.LoginTokenMigrateTo)
        assert moved.dc_id == HOME
        entered = await at_home(load(moved.token))
        assert entered.authorization.user.id == bert.user_id
        assert isinstance(await at_home(load(moved.token)), types.auth.LoginTokenSuccess)
        assert [each.hash for each in (await devices(phone))[1:]] == [to_be.hash]
        third = await stranger(dc=HOME)
        assert await refused(third(load(moved.token))) == "AUTH_TOKEN_ALREADY_ACCEPTED"

    async def test_sent_on_and_asked_for_the_password(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused
    ) -> None:
        sandbox.world.accounts.create(PHONE, "Bert", home_dc=HOME, password=PASSWORD)
        phone = await client_for(PHONE, dc=HOME, password=PASSWORD)
        screen, at_home = await stranger(), await stranger(dc=HOME)
        await phone(accept((await screen(export())).token))
        moved = await screen(export())
        for _ in range(2):
            assert await refused(at_home(load(moved.token))) == "SESSION_PASSWORD_NEEDED"
        assert (await at_home.sign_in(password=PASSWORD)).id == (await phone.get_me()).id

    async def test_an_accepted_token_survives_a_restart(
        self, sandbox: Sandbox, rsa_key_path: str, client_for: ClientFor, stranger: Stranger, bert: Account
    ) -> None:
        phone, screen = await client_for(PHONE, dc=HOME), await stranger()
        await phone(accept((await screen(export())).token))
        session = screen.session
        await screen.disconnect()
        await sandbox.stop()
        options = {"rsa_key_path": rsa_key_path, "state": sandbox.state, "port": sandbox.port, "dcs": 2}
        async with Sandbox(**options) as again:
            screen = await stranger(session=session, server=again)
            moved = await screen(export())
            at_home = await stranger(dc=HOME, server=again)
            assert (await at_home(load(moved.token))).authorization.user.id == bert.user_id
            await screen.disconnect()
            await at_home.disconnect()

    async def test_imported_too_late(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused, bert: Account
    ) -> None:
        phone, screen, at_home = await client_for(PHONE, dc=HOME), await stranger(), await stranger(dc=HOME)
        shown = await screen(export())
        sandbox.world.logins.tokens.seconds = 0
        await phone(accept(shown.token))
        assert await refused(at_home(load(shown.token))) == "AUTH_TOKEN_EXPIRED"
        assert isinstance(await screen(export()), types.auth.LoginToken)
