"""account.*: profile, username, status, sessions and the cloud password, each driven by a stock client."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telethon import TelegramClient, errors, events
from telethon import password as client_side
from telethon.tl import functions, types

from sandbox.protocol import srp
from sandbox.server import Sandbox
from sandbox.world.accounts import MAX_ABOUT, MAX_NAME, Contact

ClientFor = Callable[..., Awaitable[TelegramClient]]
Refused = Callable[..., Awaitable[str]]
Stranger = Callable[..., Awaitable[TelegramClient]]

PHONE, OTHER_PHONE = "491511234567", "491511234568"
NOBODY = types.InputCheckPasswordEmpty()


def heard(client: TelegramClient, kind: type) -> asyncio.Future[Any]:
    """The next update of that kind."""
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def note(update: Any) -> None:
        if not future.done():
            future.set_result(update)

    client.add_event_handler(note, events.Raw(kind))
    return future


async def befriend(sandbox: Sandbox, owner: TelegramClient, other: TelegramClient, name: str = "Friend") -> int:
    """Make `other` a contact of `owner`; gives other's id."""
    accounts = sandbox.world.accounts
    me, friend = await owner.get_me(), await other.get_me()
    accounts.add_contact(accounts[me.id], friend.id, Contact(name))
    return int(friend.id)


class TestUpdateStatus:
    """https://core.telegram.org/method/account.updateStatus"""

    async def test_contacts_see_it(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        anna, bob = await client_for(PHONE), await client_for(OTHER_PHONE)
        bob_id = await befriend(sandbox, anna, bob)
        update = heard(anna, types.UpdateUserStatus)
        assert await bob(functions.account.UpdateStatusRequest(offline=False)) is True
        online = await asyncio.wait_for(update, 10)
        assert (online.user_id, type(online.status)) == (bob_id, types.UserStatusOnline)
        update = heard(anna, types.UpdateUserStatus)
        await bob(functions.account.UpdateStatusRequest(offline=True))
        assert isinstance((await asyncio.wait_for(update, 10)).status, types.UserStatusOffline)

    async def test_the_blocked_and_strangers_do_not(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        anna, bob, eve = await client_for(PHONE), await client_for(OTHER_PHONE), await client_for("491511234569")
        bob_id = await befriend(sandbox, anna, bob)
        await befriend(sandbox, eve, bob)
        account = sandbox.world.accounts[bob_id]
        account.blocked[(await eve.get_me()).id] = 1
        told: list[int] = []
        eve.add_event_handler(lambda update: told.append(update.user_id), events.Raw(types.UpdateUserStatus))
        update = heard(anna, types.UpdateUserStatus)
        await bob(functions.account.UpdateStatusRequest(offline=False))
        await asyncio.wait_for(update, 10)
        await eve(functions.users.GetUsersRequest([]))  # its answer comes behind anything pushed before
        assert told == []


class TestUsername:
    """https://core.telegram.org/method/account.checkUsername https://core.telegram.org/method/account.updateUsername"""

    async def test_taken_changed_and_removed(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        anna, bob = await client_for(PHONE), await client_for(OTHER_PHONE)
        bob_id = await befriend(sandbox, anna, bob)
        update = heard(anna, types.UpdateUserName)
        assert await bob(functions.account.CheckUsernameRequest("bob_the_b")) is True
        assert (await bob(functions.account.UpdateUsernameRequest("Bob_the_B"))).username == "Bob_the_B"
        told = await asyncio.wait_for(update, 10)
        assert (told.user_id, [each.username for each in told.usernames]) == (bob_id, ["Bob_the_B"])
        assert await anna(functions.account.CheckUsernameRequest("bob_the_b")) is False
        assert await bob(functions.account.CheckUsernameRequest("bob_the_b")) is True
        assert (await bob(functions.account.UpdateUsernameRequest(""))).username is None
        assert await anna(functions.account.CheckUsernameRequest("bob_the_b")) is True

    async def test_wrong_uses(self, client_for: ClientFor, refused: Refused) -> None:
        anna, bob = await client_for(PHONE), await client_for(OTHER_PHONE)
        await anna(functions.account.UpdateUsernameRequest("anna_b"))
        for method in (functions.account.CheckUsernameRequest, functions.account.UpdateUsernameRequest):
            for name in ("abcd", "1abcd", "ab cde", "a" * 33, "abcde_"):
                assert await refused(bob(method(name))) == "USERNAME_INVALID"
        assert await refused(bob(functions.account.CheckUsernameRequest(""))) == "USERNAME_INVALID"
        assert await refused(bob(functions.account.UpdateUsernameRequest("ANNA_B"))) == "USERNAME_OCCUPIED"
        assert await refused(bob(functions.account.UpdateUsernameRequest(""))) == "USERNAME_NOT_MODIFIED"
        assert await refused(anna(functions.account.UpdateUsernameRequest("anna_b"))) == "USERNAME_NOT_MODIFIED"


class TestUpdateProfile:
    """https://core.telegram.org/method/account.updateProfile"""

    async def test_names_and_about(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        anna, bob = await client_for(PHONE), await client_for(OTHER_PHONE)
        await befriend(sandbox, anna, bob, name="")
        update = heard(anna, types.UpdateUserName)
        changed = await bob(functions.account.UpdateProfileRequest(first_name=" Robert ", last_name="<b>B</b>"))
        assert (changed.first_name, changed.last_name) == ("Robert", "<b>B</b>")
        assert (await asyncio.wait_for(update, 10)).first_name == "Robert"
        await bob(functions.account.UpdateProfileRequest(about="Builds."))
        full = await bob(functions.users.GetFullUserRequest(types.InputUserSelf()))
        assert (full.full_user.about, full.users[0].first_name) == ("Builds.", "Robert")

    async def test_wrong_uses(self, client_for: ClientFor, refused: Refused) -> None:
        client, update = await client_for(PHONE), functions.account.UpdateProfileRequest
        for name in ("", " ", "x" * (MAX_NAME + 1)):
            assert await refused(client(update(first_name=name))) == "FIRSTNAME_INVALID"
        assert await refused(client(update(last_name="x" * (MAX_NAME + 1)))) == "LASTNAME_INVALID"
        assert await refused(client(update(about="x" * (MAX_ABOUT + 1)))) == "ABOUT_TOO_LONG"


class TestAuthorizations:
    """https://core.telegram.org/method/account.getAuthorizations"""

    async def test_the_current_one_comes_first(self, client_for: ClientFor) -> None:
        old, new = await client_for(PHONE, device_model="Old phone"), await client_for(PHONE, device_model="New phone")
        listed = (await new(functions.account.GetAuthorizationsRequest())).authorizations
        assert [(each.current, each.hash == 0, each.device_model) for each in listed] == [
            (True, True, "New phone"),
            (False, False, "Old phone"),
        ]
        assert (listed[0].unconfirmed, listed[1].unconfirmed, listed[0].ip) == (True, False, "127.0.0.1")
        seen_from_old = (await old(functions.account.GetAuthorizationsRequest())).authorizations
        assert seen_from_old[0].device_model == "Old phone"
        assert seen_from_old[1].hash not in (0, listed[1].hash)

    async def test_reset_ends_another_session(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Stranger, refused: Refused
    ) -> None:
        """https://core.telegram.org/method/account.resetAuthorization"""
        client, other = await client_for(PHONE), await client_for(PHONE)
        other_hash = (await client(functions.account.GetAuthorizationsRequest())).authorizations[1].hash
        session = other.session
        await other.disconnect()
        sandbox.world.logins.limits.fresh_seconds = 0
        assert await client(functions.account.ResetAuthorizationRequest(other_hash)) is True
        assert len((await client(functions.account.GetAuthorizationsRequest())).authorizations) == 1
        again = await stranger(session=session)
        assert await refused(again(functions.account.GetAuthorizationsRequest())) == "AUTH_KEY_UNREGISTERED"

    async def test_reset_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        client = await client_for(PHONE)
        await client_for(PHONE)
        foreign = await client_for(OTHER_PHONE)
        reset = functions.account.ResetAuthorizationRequest
        other_hash = (await client(functions.account.GetAuthorizationsRequest())).authorizations[1].hash
        assert await refused(client(reset(other_hash))) == "FRESH_RESET_AUTHORISATION_FORBIDDEN"
        sandbox.world.logins.limits.fresh_seconds = 0
        for wrong in (0, 1, other_hash + 1):
            assert await refused(client(reset(wrong))) == "HASH_INVALID"
        assert await refused(foreign(reset(other_hash))) == "HASH_INVALID"

    async def test_settings(self, client_for: ClientFor, refused: Refused) -> None:
        """https://core.telegram.org/method/account.changeAuthorizationSettings"""
        client, change = await client_for(PHONE), functions.account.ChangeAuthorizationSettingsRequest
        await client_for(PHONE)
        other = (await client(functions.account.GetAuthorizationsRequest())).authorizations[1]
        assert other.unconfirmed
        await client(change(other.hash, confirmed=True, call_requests_disabled=True))
        other = (await client(functions.account.GetAuthorizationsRequest())).authorizations[1]
        assert (other.unconfirmed, other.call_requests_disabled, other.encrypted_requests_disabled) == (
            False, True, False,
        )  # fmt: skip
        for wrong in (1, other.hash + 1, -1):
            assert await refused(client(change(wrong, confirmed=True))) == "HASH_INVALID"

    async def test_ttl(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        """https://core.telegram.org/method/account.setAuthorizationTTL"""
        client, ttl = await client_for(PHONE), functions.account.SetAuthorizationTTLRequest
        assert await refused(client(ttl(30))) == "FRESH_RESET_AUTHORISATION_FORBIDDEN"
        sandbox.world.logins.limits.fresh_seconds = 0
        for wrong in (0, -1, 367):
            assert await refused(client(ttl(wrong))) == "TTL_DAYS_INVALID"
        assert await client(ttl(30)) is True
        assert (await client(functions.account.GetAuthorizationsRequest())).authorization_ttl_days == 30


async def checked(client: TelegramClient, password: str) -> types.InputCheckPasswordSRP:
    asked = await client(functions.account.GetPasswordRequest())
    return client_side.compute_check(asked, password)


async def settings(client: TelegramClient, password: str, **more: Any) -> types.account.PasswordInputSettings:
    """The settings that set a new password, as a client makes them."""
    algo = (await client(functions.account.GetPasswordRequest())).new_algo
    algo.salt1 += os.urandom(32)
    new_hash = client_side.compute_digest(algo, password)
    return types.account.PasswordInputSettings(algo, new_hash, **{"hint": "", **more})


def update(password: Any, new: types.account.PasswordInputSettings) -> functions.account.UpdatePasswordSettingsRequest:
    return functions.account.UpdatePasswordSettingsRequest(password, new)


class TestPassword:
    """https://core.telegram.org/method/account.getPassword
    https://core.telegram.org/method/account.updatePasswordSettings"""

    async def test_set_change_and_remove_as_telethon_does(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        client = await client_for(PHONE)
        none = await client(functions.account.GetPasswordRequest())
        assert (none.has_password, none.current_algo, none.srp_B, none.srp_id) == (False, None, None, None)
        assert len(none.new_algo.salt1) == srp.SALT1_SERVER_BYTES
        await client.edit_2fa(new_password="first", hint="the first")
        first = await client(functions.account.GetPasswordRequest())
        assert (first.has_password, first.hint, first.has_recovery) == (True, "the first", False)
        assert first.new_algo.salt1 != none.new_algo.salt1
        await client.edit_2fa("first", "second")
        request = functions.account.GetPasswordSettingsRequest(await checked(client, "second"))
        assert (await client(request)).email is None
        await client.edit_2fa("second")
        account = sandbox.world.accounts.by_phone(PHONE)
        assert account is not None
        assert account.password is None

    async def test_wrong_uses(self, client_for: ClientFor, refused: Refused) -> None:
        client = await client_for(PHONE)
        empty = types.account.PasswordInputSettings()
        nothing = types.account.PasswordInputSettings(
            new_algo=types.PasswordKdfAlgoUnknown(), new_password_hash=b"", hint=""
        )
        assert await refused(client(update(NOBODY, empty))) == "NEW_SETTINGS_EMPTY"
        assert await refused(client(update(NOBODY, nothing))) == "NEW_SETTINGS_EMPTY"
        new = await settings(client, "first")
        forged = types.InputCheckPasswordSRP(1, b"\x02", b"\x03")
        assert await refused(client(update(forged, new))) == "PASSWORD_HASH_INVALID"
        await client(update(NOBODY, new))
        assert await refused(client(update(NOBODY, await settings(client, "x")))) == "PASSWORD_HASH_INVALID"
        assert await refused(client(update(forged, await settings(client, "x")))) == "SRP_ID_INVALID"
        wrong = await checked(client, "wrong")
        assert await refused(client(update(wrong, await settings(client, "x")))) == "PASSWORD_HASH_INVALID"
        request = functions.account.GetPasswordSettingsRequest(NOBODY)
        assert await refused(client(request)) == "PASSWORD_HASH_INVALID"

    async def test_salts_and_hashes_that_are_not_as_asked(self, client_for: ClientFor, refused: Refused) -> None:
        client = await client_for(PHONE)
        new = await settings(client, "first")
        salt1, salt2, new_hash = new.new_algo.salt1, new.new_algo.salt2, new.new_password_hash
        for bad1, bad2 in ((salt1[:8], salt2), (os.urandom(40), salt2), (salt1, os.urandom(16))):
            new.new_algo.salt1, new.new_algo.salt2 = bad1, bad2
            assert await refused(client(update(NOBODY, new))) == "NEW_SALT_INVALID"
        new.new_algo.salt1, new.new_algo.salt2 = salt1, salt2
        for bad in (b"short", srp.P_BYTES, bytes(256)):
            new.new_password_hash = bad
            assert await refused(client(update(NOBODY, new))) == "NEW_SETTINGS_INVALID"
        new.new_password_hash, new.new_algo.g = new_hash, 2
        assert await refused(client(update(NOBODY, new))) == "NEW_SETTINGS_INVALID"
        new.new_algo = types.PasswordKdfAlgoUnknown()
        assert await refused(client(update(NOBODY, new))) == "NEW_SETTINGS_INVALID"

    async def test_a_recovery_email_is_confirmed_first(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """https://core.telegram.org/method/account.confirmPasswordEmail"""
        client = await client_for(PHONE)
        account = sandbox.world.accounts.by_phone(PHONE)
        assert account is not None

        def read_code(length: int) -> str:
            assert account.password is None, "nothing is in force before the e-mail is confirmed"
            assert account.pending_email is not None
            assert len(account.pending_email.code) == length
            return account.pending_email.code

        await client.edit_2fa(new_password="first", email="anna@example.org", email_code_callback=read_code)
        password = await client(functions.account.GetPasswordRequest())
        assert (password.has_password, password.has_recovery) == (True, True)
        request = functions.account.GetPasswordSettingsRequest(await checked(client, "first"))
        assert (await client(request)).email == "anna@example.org"

    async def test_email_wrong_uses(self, client_for: ClientFor, refused: Refused) -> None:
        """https://core.telegram.org/method/account.cancelPasswordEmail
        https://core.telegram.org/method/account.resendPasswordEmail"""
        client = await client_for(PHONE)
        confirm = functions.account.ConfirmPasswordEmailRequest
        resend, cancel = functions.account.ResendPasswordEmailRequest(), functions.account.CancelPasswordEmailRequest()
        for request in (confirm("000000"), resend, cancel):
            assert await refused(client(request)) == "EMAIL_HASH_EXPIRED"
        for email in ("nonsense", "a@b", "a b@example.org"):
            request = update(NOBODY, await settings(client, "first", email=email))
            assert await refused(client(request)) == "EMAIL_INVALID"
        with pytest.raises(errors.EmailUnconfirmedError) as caught:
            await client(update(NOBODY, await settings(client, "first", email="anna@example.org")))
        assert caught.value.code_length == 6
        pending = await client(functions.account.GetPasswordRequest())
        assert (pending.has_password, pending.email_unconfirmed_pattern) == (False, "a**a@example.org")
        assert await refused(client(confirm("nonsense"))) == "CODE_INVALID"
        assert await client(resend) is True
        assert await client(cancel) is True
        assert await refused(client(resend)) == "EMAIL_HASH_EXPIRED"
