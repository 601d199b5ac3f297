"""Signing in and out, each method driven by a stock client. https://core.telegram.org/api/auth"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient, errors, events
from telethon import password as client_side
from telethon.errors import UserMigrateError, rpc_message_to_error
from telethon.tl import functions, types

from tgadmin.sandbox.server import Sandbox
from tgadmin.sandbox.world.accounts import MAX_NAME, SERVICE_USER_ID, Account

ClientFor = Callable[..., Awaitable[TelegramClient]]
Refused = Callable[..., Awaitable[str]]
Stranger = Callable[..., Awaitable[TelegramClient]]
Restarted = Callable[[], Awaitable[Sandbox]]

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


class TestSendCode:
    """https://core.telegram.org/method/auth.sendCode"""

    async def test_by_sms_and_then_signed_in(self, sandbox: Sandbox, stranger: Stranger, anna: Account) -> None:
        client = await stranger()
        sent = await client(request_code("+49 151 1234567"))
        assert isinstance(sent.type, types.auth.SentCodeTypeSms)
        assert (sent.type.length, isinstance(sent.next_type, types.auth.CodeTypeCall)) == (5, True)
        assert sent.timeout == sandbox.world.logins.limits.resend_seconds
        assert len(code_of(sandbox)) == 5
        me = await client.sign_in(PHONE, code_of(sandbox), phone_code_hash=sent.phone_code_hash)
        assert (me.id, me.first_name, me.phone, me.is_self) == (anna.user_id, "Anna", PHONE, True)
        assert await client.is_user_authorized()
        assert [key.user_id for key in sandbox.keys_of(anna.user_id)] == [anna.user_id]

    async def test_by_app_when_another_session_lives(
        self, sandbox: Sandbox, stranger: Stranger, client_for: ClientFor, anna: Account
    ) -> None:
        other = await client_for(PHONE)
        arrived: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        other.add_event_handler(lambda event: arrived.set_result(event.raw_text), events.NewMessage(SERVICE_USER_ID))
        sent = await (await stranger())(request_code())
        assert isinstance(sent.type, types.auth.SentCodeTypeApp)
        assert isinstance(sent.next_type, types.auth.CodeTypeSms)
        assert code_of(sandbox) in await asyncio.wait_for(arrived, 10)

    async def test_a_new_code_voids_the_old(self, sandbox: Sandbox, stranger: Stranger, anna: Account) -> None:
        client = await stranger()
        old, old_code = await client(request_code()), code_of(sandbox)
        await client(request_code())
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client(functions.auth.SignInRequest(PHONE, old.phone_code_hash, old_code))

    async def test_wrong_uses(self, sandbox: Sandbox, stranger: Stranger, refused: Refused, anna: Account) -> None:
        client = await stranger()
        for phone in ("", "12", "not a phone", "+00000000000", "1" * 16, "49151123456x"):
            assert await refused(client(request_code(phone))) == "PHONE_NUMBER_INVALID"
        for api_id, api_hash in ((0, API_HASH), (1, ""), (1, "x" * 32)):
            request = functions.auth.SendCodeRequest(PHONE, api_id, api_hash, SETTINGS)
            assert await refused(client(request)) == "API_ID_INVALID"
        sandbox.world.accounts.ban(anna.user_id)
        assert await refused(client(request_code())) == "PHONE_NUMBER_BANNED"

    async def test_floods(self, sandbox: Sandbox, stranger: Stranger, refused: Refused, guarded: Account) -> None:
        client, limits = await stranger(), sandbox.world.logins.limits
        limits.codes_per_hour = 2
        await client(request_code())
        await client(request_code())
        with pytest.raises(errors.FloodWaitError) as caught:
            await client(request_code())
        assert 3500 < caught.value.seconds <= 3601
        client = await stranger()  # Telethon itself holds back what was told to wait
        await client(request_code(OTHER_PHONE))  # the limit is the number's
        limits.codes_per_day = 2
        assert await refused(client(request_code())) == "PHONE_NUMBER_FLOOD"
        limits.wrong_passwords_per_hour = 0
        assert await refused(client(request_code())) == "PHONE_PASSWORD_FLOOD"


class TestResendAndCancel:
    """https://core.telegram.org/method/auth.resendCode https://core.telegram.org/method/auth.cancelCode"""

    async def test_resend_goes_through_all_types(
        self, sandbox: Sandbox, stranger: Stranger, refused: Refused, client_for: ClientFor, anna: Account
    ) -> None:
        await client_for(PHONE)
        client = await stranger()
        sent = await client(request_code())
        resend = functions.auth.ResendCodeRequest(PHONE, sent.phone_code_hash)
        by_sms = await client(resend)
        assert isinstance(by_sms.type, types.auth.SentCodeTypeSms)
        by_call = await client(resend)
        assert isinstance(by_call.type, types.auth.SentCodeTypeCall)
        assert (by_call.next_type, by_call.timeout) == (None, None)
        assert await refused(client(resend)) == "SEND_CODE_UNAVAILABLE"
        assert (
            await client.sign_in(PHONE, code_of(sandbox), phone_code_hash=by_call.phone_code_hash)
        ).id == anna.user_id

    async def test_a_cancelled_code_is_void(
        self, sandbox: Sandbox, stranger: Stranger, refused: Refused, anna: Account
    ) -> None:
        client = await stranger()
        sent = await client(request_code())
        code = code_of(sandbox)
        assert await client(functions.auth.CancelCodeRequest(PHONE, sent.phone_code_hash)) is True
        request = functions.auth.SignInRequest(PHONE, sent.phone_code_hash, code)
        assert await refused(client(request)) == "PHONE_CODE_EXPIRED"

    @pytest.mark.parametrize("method", [functions.auth.ResendCodeRequest, functions.auth.CancelCodeRequest])
    async def test_wrong_uses(
        self, sandbox: Sandbox, stranger: Stranger, refused: Refused, anna: Account, method: Any
    ) -> None:
        client, thief = await stranger(), await stranger()
        sent = await client(request_code())
        assert await refused(client(method("nonsense", sent.phone_code_hash))) == "PHONE_NUMBER_INVALID"
        assert await refused(client(method(PHONE, ""))) == "PHONE_CODE_HASH_EMPTY"
        assert await refused(client(method(PHONE, "abc"))) == "PHONE_CODE_EXPIRED"
        assert await refused(thief(method(PHONE, sent.phone_code_hash))) == "PHONE_CODE_EXPIRED"
        sandbox.world.logins.limits.code_seconds = 0
        assert await refused(client(method(PHONE, sent.phone_code_hash))) == "PHONE_CODE_EXPIRED"


class TestSignIn:
    """https://core.telegram.org/method/auth.signIn"""

    async def test_wrong_uses(self, sandbox: Sandbox, stranger: Stranger, refused: Refused, anna: Account) -> None:
        client, thief = await stranger(), await stranger()
        code_hash, code = (await client(request_code())).phone_code_hash, code_of(sandbox)
        sign_in = functions.auth.SignInRequest
        assert await refused(client(sign_in("nonsense", code_hash, code))) == "PHONE_NUMBER_INVALID"
        assert await refused(client(sign_in(PHONE, code_hash, ""))) == "PHONE_CODE_EMPTY"
        assert await refused(client(sign_in(PHONE, "", code))) == "PHONE_CODE_HASH_EMPTY"
        assert await refused(client(sign_in(PHONE, "abc", code))) == "PHONE_CODE_EXPIRED"
        assert await refused(client(sign_in(OTHER_PHONE, code_hash, code))) == "PHONE_CODE_EXPIRED"
        assert await refused(thief(sign_in(PHONE, code_hash, code))) == "PHONE_CODE_EXPIRED"
        assert await refused(client(sign_in(PHONE, code_hash, wrong_code_of(sandbox)))) == "PHONE_CODE_INVALID"
        assert (await client(sign_in(PHONE, code_hash, code))).user.id == anna.user_id
        assert await refused(client(sign_in(PHONE, code_hash, code))) == "PHONE_CODE_EXPIRED"

    async def test_too_many_wrong_codes_void_the_code(
        self, sandbox: Sandbox, stranger: Stranger, refused: Refused, anna: Account
    ) -> None:
        client = await stranger()
        code_hash, code = (await client(request_code())).phone_code_hash, code_of(sandbox)
        wrong = functions.auth.SignInRequest(PHONE, code_hash, wrong_code_of(sandbox))
        for _ in range(sandbox.world.logins.limits.wrong_codes):
            assert await refused(client(wrong)) == "PHONE_CODE_INVALID"
        right = functions.auth.SignInRequest(PHONE, code_hash, code)
        assert await refused(client(right)) == "PHONE_CODE_EXPIRED"

    async def test_an_old_code_has_expired(
        self, sandbox: Sandbox, stranger: Stranger, refused: Refused, anna: Account
    ) -> None:
        client = await stranger()
        code_hash, code = (await client(request_code())).phone_code_hash, code_of(sandbox)
        sandbox.world.logins.limits.code_seconds = 0
        request = functions.auth.SignInRequest(PHONE, code_hash, code)
        assert await refused(client(request)) == "PHONE_CODE_EXPIRED"

    async def test_a_banned_number_stays_out(
        self, sandbox: Sandbox, stranger: Stranger, refused: Refused, anna: Account
    ) -> None:
        client = await stranger()
        code_hash, code = (await client(request_code())).phone_code_hash, code_of(sandbox)
        sandbox.world.accounts.ban(anna.user_id)
        request = functions.auth.SignInRequest(PHONE, code_hash, code)
        assert await refused(client(request)) == "PHONE_NUMBER_BANNED"

    async def test_other_sessions_hear_of_a_new_authorization(
        self, sandbox: Sandbox, stranger: Stranger, client_for: ClientFor, anna: Account
    ) -> None:
        """https://core.telegram.org/constructor/updateNewAuthorization"""
        other = await client_for(PHONE)
        heard: asyncio.Future[types.UpdateNewAuthorization] = asyncio.get_running_loop().create_future()
        other.add_event_handler(heard.set_result, events.Raw(types.UpdateNewAuthorization))
        client = await stranger()
        await client.send_code_request(PHONE)
        await client.sign_in(PHONE, code_of(sandbox))
        update = await asyncio.wait_for(heard, 10)
        listed = await other(functions.account.GetAuthorizationsRequest())
        assert update.hash in [each.hash for each in listed.authorizations if each.unconfirmed]

    async def test_a_key_is_signed_in_to_one_account(
        self, sandbox: Sandbox, client_for: ClientFor, anna: Account
    ) -> None:
        client = await client_for(PHONE)
        other = sandbox.world.accounts.create(OTHER_PHONE, "Bob")
        code_hash = (await client(request_code(OTHER_PHONE))).phone_code_hash
        await client(functions.auth.SignInRequest(OTHER_PHONE, code_hash, code_of(sandbox, OTHER_PHONE)))
        assert (sandbox.keys_of(anna.user_id), len(sandbox.keys_of(other.user_id))) == ([], 1)

    async def test_methods_need_a_signed_in_key(self, stranger: Stranger, refused: Refused) -> None:
        client = await stranger()
        assert (
            await refused(client(functions.users.GetUsersRequest([types.InputUserSelf()]))) == "AUTH_KEY_UNREGISTERED"
        )
        assert await refused(client(functions.account.GetPasswordRequest())) == "AUTH_KEY_UNREGISTERED"
        assert await refused(client(log_out())) == "AUTH_KEY_UNREGISTERED"


class TestSignUp:
    """https://core.telegram.org/method/auth.signUp"""

    async def asked(self, sandbox: Sandbox, client: TelegramClient) -> str:
        """Bring an unknown number to where its name is asked for; gives the phone_code_hash."""
        code_hash: str = (await client(request_code())).phone_code_hash
        found = await client(functions.auth.SignInRequest(PHONE, code_hash, code_of(sandbox)))
        assert isinstance(found, types.auth.AuthorizationSignUpRequired)
        assert found.terms_of_service.text
        return code_hash

    async def test_an_unknown_number_signs_up(
        self, sandbox: Sandbox, stranger: Stranger, client_for: ClientFor
    ) -> None:
        friend = await client_for(OTHER_PHONE)
        heard: asyncio.Future[types.UpdateUser] = asyncio.get_running_loop().create_future()
        friend.add_event_handler(heard.set_result, events.Raw(types.UpdateUser))
        await friend(functions.contacts.ImportContactsRequest([types.InputPhoneContact(0, PHONE, "Newcomer", "")]))

        client = await stranger()
        code_hash = await self.asked(sandbox, client)
        entered = await client(functions.auth.SignUpRequest(PHONE, code_hash, " Nora ", ""))
        assert (entered.user.first_name, entered.user.phone, entered.user.is_self) == ("Nora", PHONE, True)
        assert (await client.get_me()).id == entered.user.id
        assert (await asyncio.wait_for(heard, 10)).user_id == entered.user.id
        assert [user.first_name for user in (await friend(functions.contacts.GetContactsRequest(0))).users] == [
            "Newcomer"
        ]

    @pytest.mark.parametrize("quietly", [False, True])
    async def test_who_had_the_number_sees_that_its_owner_joined(
        self, sandbox: Sandbox, stranger: Stranger, client_for: ClientFor, quietly: bool
    ) -> None:
        friend = await client_for(OTHER_PHONE)
        await friend(functions.contacts.ImportContactsRequest([types.InputPhoneContact(0, PHONE, "Newcomer", "")]))
        client = await stranger()
        code_hash = await self.asked(sandbox, client)
        request = functions.auth.SignUpRequest(PHONE, code_hash, "Nora", "", no_joined_notifications=quietly)
        entered = await client(request)
        seen = [(each.id, each.dialog.unread_count, each.message.action) for each in await friend.get_dialogs()]
        joined = types.MessageActionContactSignUp()
        assert seen == ([] if quietly else [(entered.user.id, 1, joined)])
        assert await client.get_dialogs() == []

    async def test_telethons_own_way_says_that_nobody_has_the_number(
        self, sandbox: Sandbox, stranger: Stranger
    ) -> None:
        client = await stranger()
        await client.send_code_request(PHONE)
        with pytest.raises(errors.PhoneNumberUnoccupiedError):
            await client.sign_in(PHONE, code_of(sandbox))

    async def test_wrong_uses(self, sandbox: Sandbox, stranger: Stranger, refused: Refused) -> None:
        client, sign_up = await stranger(), functions.auth.SignUpRequest
        unproven = (await client(request_code())).phone_code_hash
        assert await refused(client(sign_up(PHONE, unproven, "Nora", ""))) == "PHONE_CODE_INVALID"
        code_hash = await self.asked(sandbox, client)
        assert await refused(client(sign_up("nonsense", code_hash, "Nora", ""))) == "PHONE_NUMBER_INVALID"
        assert await refused(client(sign_up(PHONE, "", "Nora", ""))) == "PHONE_CODE_HASH_EMPTY"
        assert await refused(client(sign_up(PHONE, "abc", "Nora", ""))) == "PHONE_CODE_EXPIRED"
        for name in ("", "  ", "x" * (MAX_NAME + 1)):
            assert await refused(client(sign_up(PHONE, code_hash, name, ""))) == "FIRSTNAME_INVALID"
        assert await refused(client(sign_up(PHONE, code_hash, "N", "x" * (MAX_NAME + 1)))) == "LASTNAME_INVALID"
        sandbox.world.accounts.create(PHONE, "Somebody else")
        assert await refused(client(sign_up(PHONE, code_hash, "Nora", ""))) == "PHONE_NUMBER_OCCUPIED"


class TestCheckPassword:
    """https://core.telegram.org/method/auth.checkPassword"""

    async def test_signs_in(self, sandbox: Sandbox, stranger: Stranger, guarded: Account) -> None:
        client = await stranger()
        await half_signed(client, sandbox)
        assert not await client.is_user_authorized()
        me = await client.sign_in(password=PASSWORD)
        assert me.id == guarded.user_id
        assert await client.is_user_authorized()

    async def test_until_then_everything_else_asks_for_it(
        self, sandbox: Sandbox, stranger: Stranger, refused: Refused, guarded: Account
    ) -> None:
        client = await stranger()
        await half_signed(client, sandbox)
        for request in (functions.contacts.GetContactsRequest(0), functions.account.UpdateStatusRequest(False)):
            assert await refused(client(request)) == "SESSION_PASSWORD_NEEDED"
        assert sandbox.keys_of(guarded.user_id) == []

    async def test_wrong_uses(self, sandbox: Sandbox, stranger: Stranger, refused: Refused, guarded: Account) -> None:
        client, check = await stranger(), functions.auth.CheckPasswordRequest
        assert await refused(client(check(types.InputCheckPasswordEmpty()))) == "AUTH_KEY_UNREGISTERED"
        await half_signed(client, sandbox)
        assert await refused(client(check(types.InputCheckPasswordEmpty()))) == "PASSWORD_HASH_INVALID"
        assert await refused(client(await answer(client, "wrong horse"))) == "PASSWORD_HASH_INVALID"
        forged = await answer(client, PASSWORD)
        forged.password.srp_id += 1
        assert await refused(client(forged)) == "SRP_ID_INVALID"
        zero = await answer(client, PASSWORD)
        zero.password.A = bytes(256)
        assert await refused(client(zero)) == "SRP_A_INVALID"
        good = await answer(client, PASSWORD)
        await client(good)
        assert await refused(client(good)) == "SRP_ID_INVALID"
        assert await refused(client(await answer(client, "wrong horse"))) == "PASSWORD_HASH_INVALID"
        assert (await client(await answer(client, PASSWORD))).user.id == guarded.user_id

    async def test_password_changed_meanwhile(
        self, sandbox: Sandbox, stranger: Stranger, client_for: ClientFor, refused: Refused, guarded: Account
    ) -> None:
        owner, client = await client_for(PHONE, password=PASSWORD), await stranger()
        await half_signed(client, sandbox)
        late = await answer(client, PASSWORD)
        await owner.edit_2fa(PASSWORD, "another horse")
        assert await refused(client(late)) == "SRP_PASSWORD_CHANGED"
        assert (await client.sign_in(password="another horse")).id == guarded.user_id

    async def test_too_many_wrong_passwords(
        self, sandbox: Sandbox, stranger: Stranger, refused: Refused, guarded: Account
    ) -> None:
        sandbox.world.logins.limits.wrong_passwords_per_hour = 1
        client = await stranger()
        await half_signed(client, sandbox)
        assert await refused(client(await answer(client, "wrong horse"))) == "PASSWORD_HASH_INVALID"
        with pytest.raises(errors.FloodWaitError):
            await client(await answer(client, PASSWORD))


class TestRestart:
    """A half-finished sign-in survives the restart of either side, even if the data centre was killed."""

    @pytest.fixture
    async def sandbox(self, rsa_key_path: str, tmp_path: Path) -> AsyncIterator[Sandbox]:
        async with Sandbox(rsa_key_path=rsa_key_path, state=str(tmp_path / "state.sqlite")) as server:
            yield server

    @pytest.fixture
    async def restarted(self, sandbox: Sandbox, rsa_key_path: str) -> AsyncIterator[Restarted]:
        """Ends the data centre without a last word to its store, and starts it anew on the same state and port."""
        started: list[Sandbox] = []

        async def restart() -> Sandbox:
            sandbox.commit = lambda: None  # type: ignore[method-assign]
            sandbox.store._buffer.clear()
            await sandbox.stop()
            started.append(Sandbox(rsa_key_path=rsa_key_path, state=sandbox.state, port=sandbox.port))
            await started[0].start()
            return started[0]

        yield restart
        for server in started:
            await server.stop()

    async def test_after_the_code_was_sent(
        self, restarted: Restarted, sandbox: Sandbox, stranger: Stranger, anna: Account
    ) -> None:
        client = await stranger()
        code_hash, code = (await client(request_code())).phone_code_hash, code_of(sandbox)
        session = client.session
        await client.disconnect()
        again = await stranger(session=session, server=await restarted())
        assert (await again.sign_in(PHONE, code, phone_code_hash=code_hash)).id == anna.user_id

    async def test_between_code_and_password(
        self, restarted: Restarted, sandbox: Sandbox, stranger: Stranger, guarded: Account
    ) -> None:
        client = await stranger()
        await half_signed(client, sandbox)
        session = client.session
        await client.disconnect()
        again = await stranger(session=session, server=await restarted())
        assert (await again.sign_in(password=PASSWORD)).id == guarded.user_id

    async def test_wrong_tries_are_not_forgotten(
        self, restarted: Restarted, sandbox: Sandbox, stranger: Stranger, refused: Refused,
        anna: Account,
    ) -> None:  # fmt: skip
        client = await stranger()
        code_hash, wrong = (await client(request_code())).phone_code_hash, wrong_code_of(sandbox)
        request = functions.auth.SignInRequest(PHONE, code_hash, wrong)
        tries = sandbox.world.logins.limits.wrong_codes
        for _ in range(tries - 1):
            assert await refused(client(request)) == "PHONE_CODE_INVALID"
        session = client.session
        await client.disconnect()
        again = await stranger(session=session, server=await restarted())
        assert await refused(again(request)) == "PHONE_CODE_INVALID"
        assert await refused(again(request)) == "PHONE_CODE_EXPIRED"

    async def test_a_repeated_sign_in_asks_for_the_password_again(
        self, sandbox: Sandbox, stranger: Stranger, refused: Refused, guarded: Account
    ) -> None:
        """Whoever did not hear the first answer may ask again with the same code."""
        client = await stranger()
        code_hash, code = (await client(request_code())).phone_code_hash, code_of(sandbox)
        request = functions.auth.SignInRequest(PHONE, code_hash, code)
        assert await refused(client(request)) == "SESSION_PASSWORD_NEEDED"
        assert await refused(client(request)) == "SESSION_PASSWORD_NEEDED"
        await client.sign_in(password=PASSWORD)
        assert await refused(client(request)) == "PHONE_CODE_EXPIRED"


class TestLogOut:
    """https://core.telegram.org/method/auth.logOut"""

    async def test_the_key_is_nobodys_afterwards(
        self, sandbox: Sandbox, client_for: ClientFor, refused: Refused, anna: Account
    ) -> None:
        client = await client_for(PHONE)
        done = await client(log_out())
        assert isinstance(done, types.auth.LoggedOut)
        assert sandbox.keys_of(anna.user_id) == []
        assert await refused(client(functions.account.UpdateStatusRequest(True))) == "AUTH_KEY_UNREGISTERED"
        assert await refused(client(log_out())) == "AUTH_KEY_UNREGISTERED"

    async def test_telethons_own_way(self, sandbox: Sandbox, client_for: ClientFor, anna: Account) -> None:
        assert await (await client_for(PHONE)).log_out() is True
        assert sandbox.keys_of(anna.user_id) == []

    async def test_a_half_signed_in_key_may_leave_too(
        self, sandbox: Sandbox, stranger: Stranger, refused: Refused, guarded: Account
    ) -> None:
        client = await stranger()
        await half_signed(client, sandbox)
        assert (await client(log_out())).future_auth_token is None
        assert await refused(client(functions.account.GetPasswordRequest())) == "AUTH_KEY_UNREGISTERED"

    async def test_its_token_spares_the_next_code(
        self, stranger: Stranger, client_for: ClientFor, anna: Account
    ) -> None:
        """https://core.telegram.org/api/auth#future-auth-tokens"""
        token = (await (await client_for(PHONE))(log_out())).future_auth_token
        client = await stranger()
        entered = await client(request_code(logout_tokens=[b"some other", token]))
        assert isinstance(entered, types.auth.SentCodeSuccess)
        assert entered.authorization.user.id == anna.user_id
        again = await stranger()
        assert isinstance(await again(request_code(logout_tokens=[token])), types.auth.SentCode)

    async def test_its_token_does_not_spare_the_password(
        self, stranger: Stranger, client_for: ClientFor, refused: Refused, guarded: Account
    ) -> None:
        token = (await (await client_for(PHONE, password=PASSWORD))(log_out())).future_auth_token
        client = await stranger()
        assert await refused(client(request_code(logout_tokens=[token]))) == "SESSION_PASSWORD_NEEDED"
        assert (await client.sign_in(password=PASSWORD)).id == guarded.user_id


class TestDeadAccounts:
    """https://core.telegram.org/api/errors#401-unauthorized"""

    async def test_a_banned_accounts_live_keys(
        self, sandbox: Sandbox, client_for: ClientFor, refused: Refused, anna: Account
    ) -> None:
        client = await client_for(PHONE)
        sandbox.world.accounts.ban(anna.user_id)
        assert await refused(client(functions.account.UpdateStatusRequest(True))) == "USER_DEACTIVATED_BAN"

    async def test_a_deleted_accounts_live_keys(
        self, sandbox: Sandbox, client_for: ClientFor, refused: Refused, anna: Account
    ) -> None:
        client = await client_for(PHONE)
        sandbox.world.accounts.delete(anna.user_id)
        assert await refused(client(functions.account.UpdateStatusRequest(True))) == "USER_DEACTIVATED"


class TestResetAuthorizations:
    """https://core.telegram.org/method/auth.resetAuthorizations"""

    async def test_ends_all_others(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused, anna: Account
    ) -> None:
        client, other = await client_for(PHONE), await client_for(PHONE)
        reset = functions.auth.ResetAuthorizationsRequest()
        assert await refused(client(reset)) == "FRESH_RESET_AUTHORISATION_FORBIDDEN"
        assert len(sandbox.keys_of(anna.user_id)) == 2
        sandbox.world.logins.limits.fresh_seconds = 0
        session = other.session
        await other.disconnect()
        assert await client(reset) is True
        assert len(sandbox.keys_of(anna.user_id)) == 1
        again = await stranger(session=session)
        assert await refused(again(functions.account.UpdateStatusRequest(True))) == "AUTH_KEY_UNREGISTERED"
        assert await refused(again(reset)) == "AUTH_KEY_UNREGISTERED"


class TestHomeDataCentre:
    """https://core.telegram.org/api/datacenter#user-migration"""

    @pytest.fixture
    async def sandbox(self, rsa_key_path: str, tmp_path: Path) -> AsyncIterator[Sandbox]:
        async with Sandbox(rsa_key_path=rsa_key_path, codes_path=str(tmp_path / "codes.jsonl"), dcs=2) as server:
            yield server

    async def test_a_number_is_sent_to_its_own(self, sandbox: Sandbox, stranger: Stranger) -> None:
        account = sandbox.world.accounts.create(PHONE, "Anna", home_dc=2)
        client = await stranger(dc=1, request_retries=2)
        await client.send_code_request(PHONE)
        assert (await client.sign_in(PHONE, code_of(sandbox))).id == account.user_id
        assert [key.dc_id for key in sandbox.keys_of(account.user_id)] == [2]
        assert client.session.dc_id == 2

    async def test_the_error_names_it(self, sandbox: Sandbox, stranger: Stranger) -> None:
        sandbox.world.accounts.create(PHONE, "Anna", home_dc=2)
        client = await stranger(dc=1)
        sender = client._sender
        with pytest.raises(errors.PhoneMigrateError) as caught:
            await sender.send(request_code())
        assert caught.value.new_dc == 2

    async def test_a_newcomer_stays_where_he_signs_up(self, sandbox: Sandbox, stranger: Stranger) -> None:
        client = await stranger(dc=2)
        code_hash = (await client(request_code())).phone_code_hash
        await client(functions.auth.SignInRequest(PHONE, code_hash, code_of(sandbox)))
        await client(functions.auth.SignUpRequest(PHONE, code_hash, "Nora", ""))
        account = sandbox.world.accounts.by_phone(PHONE)
        assert account is not None
        assert account.home_dc == 2


class TestExport:
    """https://core.telegram.org/method/auth.exportAuthorization
    https://core.telegram.org/method/auth.importAuthorization"""

    @pytest.fixture
    async def sandbox(self, rsa_key_path: str, tmp_path: Path) -> AsyncIterator[Sandbox]:
        async with Sandbox(rsa_key_path=rsa_key_path, codes_path=str(tmp_path / "codes.jsonl"), dcs=3) as server:
            yield server

    async def test_carried_to_another_data_centre(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused, anna: Account
    ) -> None:
        client, media = await client_for(PHONE), await stranger(dc=2)
        exported = await client(functions.auth.ExportAuthorizationRequest(2))
        entered = await media(functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes))
        assert entered.user.id == anna.user_id == (await media.get_me()).id
        listed = await media(functions.account.GetAuthorizationsRequest())
        assert [(each.current, each.hash) for each in listed.authorizations] == [(True, 0)]
        session = media.session
        await media.disconnect()
        await client(log_out())
        assert sandbox.keys_of(anna.user_id) == []
        again = await stranger(dc=2, session=session)
        assert await refused(again(functions.account.UpdateStatusRequest(True))) == "AUTH_KEY_UNREGISTERED"

    async def test_wrong_uses(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused, anna: Account
    ) -> None:
        client, media, third = await client_for(PHONE), await stranger(dc=2), await stranger(dc=3)
        export, load = functions.auth.ExportAuthorizationRequest, functions.auth.ImportAuthorizationRequest
        for wrong in (0, 1, 4, -2):
            assert await refused(client(export(wrong))) == "DC_ID_INVALID"
        assert await refused(media(load(anna.user_id, b"nonsense"))) == "AUTH_BYTES_INVALID"
        for_two = await client(export(2))
        assert await refused(third(load(for_two.id, for_two.bytes))) == "AUTH_BYTES_INVALID"
        assert await refused(media(load(for_two.id + 1, for_two.bytes))) == "USER_ID_INVALID"
        assert await refused(media(load(for_two.id, for_two.bytes))) == "AUTH_BYTES_INVALID"
        late = await client(export(2))
        sandbox.world.logins.limits.export_seconds = 0
        expired = await client(export(2))
        assert await refused(media(load(expired.id, expired.bytes))) == "AUTH_BYTES_INVALID"
        await client(log_out())
        assert await refused(media(load(late.id, late.bytes))) == "AUTH_BYTES_INVALID"

    async def test_an_account_that_is_moved(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused, anna: Account
    ) -> None:
        """https://core.telegram.org/api/datacenter#user-migration"""
        client, media = await client_for(PHONE), await stranger(dc=2)
        update = functions.account.UpdateStatusRequest(True)
        with pytest.raises(ValueError, match="no such data centre"):
            sandbox.faults.move(anna.user_id, 4)
        sandbox.faults.move(anna.user_id, 2)
        # A raw sender: Telethon's own client follows by itself, with a key that is signed in to nothing.
        with pytest.raises(UserMigrateError) as told:
            await client._sender.send(update)
        assert told.value.new_dc == 2
        exported = await client._sender.send(functions.auth.ExportAuthorizationRequest(2))
        await media(functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes))
        assert await media(update)
        # And back: the key that was carried over is told so in its turn.
        sandbox.faults.move(anna.user_id, 1)
        assert await media(update), "its session lives at the first again: a key for files"
        sandbox.faults.move(anna.user_id, 3)
        with pytest.raises(UserMigrateError):
            await media._sender.send(update)


async def test_error_codes(
    sandbox: Sandbox, stranger: Stranger, guarded: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers beside the names, as each method's page has them: Telethon's exceptions go by the name alone."""
    codes: dict[str, int] = {}

    def spy(error: types.RpcError, request: Any) -> Exception:
        codes[error.error_message.rstrip("0123456789")] = error.error_code
        return rpc_message_to_error(error, request)

    monkeypatch.setattr("telethon.network.mtprotosender.rpc_message_to_error", spy)
    client, limits = await stranger(), sandbox.world.logins.limits
    sent = await client(request_code())
    resend = functions.auth.ResendCodeRequest(PHONE, sent.phone_code_hash)
    await client(resend)
    sign_in = functions.auth.SignInRequest
    reset = functions.auth.ResetAuthorizationsRequest()
    for request in (
        reset, request_code("12"), resend, sign_in(PHONE, sent.phone_code_hash, "x"),
        sign_in(PHONE, sent.phone_code_hash, code_of(sandbox)),
    ):  # fmt: skip
        with pytest.raises(errors.RPCError):
            await client(request)
    await client.sign_in(password=PASSWORD)
    limits.codes_per_hour = 1
    for request in (reset, request_code()):
        with pytest.raises(errors.RPCError):
            await client(request)
    assert codes == {
        "AUTH_KEY_UNREGISTERED": 401,
        "PHONE_NUMBER_INVALID": 406,
        "SEND_CODE_UNAVAILABLE": 406,
        "PHONE_CODE_INVALID": 400,
        "SESSION_PASSWORD_NEEDED": 401,
        "FRESH_RESET_AUTHORISATION_FORBIDDEN": 406,
        "FLOOD_WAIT_": 420,
    }


def test_codes_are_random(sandbox: Sandbox) -> None:
    logins = sandbox.world.logins
    codes = {logins.send(PHONE, 1, "sms").code for _ in range(50)}
    assert len(codes) > 40
