"""What a sign-in outlives and what ends it: restarts, leaving, bans, other sessions' end. https://core.telegram.org/api/auth"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.world.accounts import Account
from tests.sandbox.services.signing_in import (
    PASSWORD,
    PHONE,
    ClientFor,
    Refused,
    Stranger,
    anna,
    code_of,
    guarded,
    half_signed,
    log_out,
    request_code,
    wrong_code_of,
)

__all__ = ["anna", "guarded"]
Restarted = Callable[[], Awaitable[Sandbox]]


class TestRestart:
    """A half-finished sign-in survives the restart of either side, even if the data centre was killed."""

    @pytest.fixture
    async def sandbox(self, rsa_key_path: str, tmp_path: Path) -> AsyncIterator[Sandbox]:
        async with Sandbox(rsa_key_path=rsa_key_path, state=str(tmp_path / "state.sqlite")) as server:
            yield server

    @pytest.fixture
    async def restarted(self, sandbox: Sandbox, rsa_key_path: str) -> AsyncIterator[Restarted]:
        """Ends the data centre without a last word to its store, and starts it again on the same state and port."""
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
