"""Signing in, each method driven by a stock client. https://core.telegram.org/api/auth"""

import asyncio
from typing import Any

import pytest
from telethon import TelegramClient, errors, events
from telethon.errors import rpc_message_to_error
from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.world.accounts import MAX_NAME, SERVICE_USER_ID, Account
from tests.sandbox.services.signing_in import (
    API_HASH,
    OTHER_PHONE,
    PASSWORD,
    PHONE,
    SETTINGS,
    ClientFor,
    Refused,
    Stranger,
    anna,
    answer,
    code_of,
    guarded,
    half_signed,
    log_out,
    request_code,
    wrong_code_of,
)

__all__ = ["anna", "guarded"]


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

    async def test_telegram_writes_of_a_new_login(
        self, sandbox: Sandbox, stranger: Stranger, client_for: ClientFor, anna: Account
    ) -> None:
        """In the chat of Telegram's own account, beside the code; not for the first device."""
        other = await client_for(PHONE)
        assert await other.get_dialogs() == []
        client = await stranger(device_model="Kitchen tablet", system_version="Linux 6")
        await client.send_code_request(PHONE)
        await client.sign_in(PHONE, code_of(sandbox))
        (chat,) = await other.get_dialogs()
        assert chat.id == SERVICE_USER_ID
        login, code = await other.get_messages(chat, limit=5)
        assert code.message.startswith("Login code: ")
        assert login.message.startswith(f"New login. Dear {anna.first_name}, we detected a login into your account")
        assert "Device: Sandbox client, 1." in login.message
        assert "Kitchen tablet, Linux 6\nLocation: unknown (IP = 127.0.0.1)" in login.message
        assert login.text.startswith("**New login.**")
        assert not login.out

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
