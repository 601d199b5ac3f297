"""One sign-in's connection: its key is usable again after any restart, so that each step may run in another process."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812

from tgadmin.core.errors import Kind, TelegramError
from tgadmin.core.proxies import Proxy
from tgadmin.core.types import CodeSent, Peer
from tgadmin.telegram._telethon import Pings, Wire
from tgadmin.telegram.client import cloud_password, login_tokens
from tgadmin.telegram.client.connection import Connector
from tgadmin.telegram.client.data_centres import address_in
from tgadmin.telegram.client.keys import Key
from tgadmin.telegram.client.login_tokens import LoginToken, LoginTokenMoved
from tgadmin.telegram.client.network import Network
from tgadmin.telegram.convert import code_sent, email_code_sent, profile

MIGRATIONS = 3
"""Data centres that one request may be sent on to."""


class SignInClient:
    """Drives auth.* for one sign-in. ``key`` None begins at the network's first data centre with a new key.

    ``key`` changes when Telegram keeps the number at another data centre; store it after each step. Every method raises
    TelegramError and nothing else of Telegram's. Never registers new accounts. ``updates``: Telegram may tell that a
    login token was accepted.
    """

    def __init__(
        self,
        network: Network,
        key: Key | None,
        *,
        timeout: float = 15,
        allowed: Callable[[], bool] = lambda: True,
        pings: Pings | None = None,
        proxy: Proxy | None = None,
        updates: bool = False,
    ) -> None:
        self.key = key or network.first_key()
        self._network = network
        self._connector = Connector(network, proxy, allowed, timeout, pings)
        self._updates = updates
        self._wire: Wire | None = None
        self.future_token: bytes | None = None
        """What Telegram gave last to spare a later sign-in its code
        (https://core.telegram.org/api/auth#future-auth-tokens)."""

    async def connect(self) -> None:
        """Connect; agree on a key if there is none yet. Raises TelegramError."""
        self._wire, self.key = await self._connector.open(self.key, updates=self._updates)

    async def disconnect(self) -> None:
        """Close the connection; safe to call at any time, and more than once."""
        if self._wire is not None:
            await self._wire.close()

    def abort(self) -> None:
        """Close the socket at once, from whatever thread."""
        if self._wire is not None:
            self._wire.abort()

    # --- the code ------------------------------------------------------------------------------------------------

    async def send_code(
        self, phone: str, tokens: Sequence[bytes] = (), before: Callable[[Key], Awaitable[None]] | None = None
    ) -> CodeSent | Peer:
        """Have a code sent to the number (https://core.telegram.org/method/auth.sendCode); or the account, signed in,
        where one of its future auth tokens is among ``tokens``. SESSION_PASSWORD_NEEDED: one is, and the cloud password
        comes next. ``before`` is awaited with each key that the request is made with, before it is made."""
        settings = T.CodeSettings(logout_tokens=list(tokens) or None)
        request = F.auth.SendCodeRequest(phone, self._network.api_id, self._network.api_hash, settings)
        answer = await self._call(request, before)
        return self._entered(answer.authorization) if isinstance(answer, T.auth.SentCodeSuccess) else code_sent(answer)

    async def resend(self, phone: str, hash: str) -> CodeSent:  # noqa: A002 - Telegram's word
        """Have it sent again, by the next route. SEND_CODE_UNAVAILABLE: there is none."""
        return code_sent(await self._call(F.auth.ResendCodeRequest(phone, hash)))

    async def cancel(self, phone: str, hash: str) -> None:  # noqa: A002
        """Tell Telegram that the code is not wanted any more."""
        await self._call(F.auth.CancelCodeRequest(phone, hash))

    async def sign_in(self, phone: str, hash: str, code: str, *, by_email: bool = False) -> Peer:  # noqa: A002
        """The account, signed in. ``by_email``: the code came to its login email
        (https://core.telegram.org/api/auth#email-verification). SESSION_PASSWORD_NEEDED: the code was right, the cloud
        password comes next."""
        by_phone = None if by_email else code
        proof = T.EmailVerificationCode(code) if by_email else None
        answer = await self._call(F.auth.SignInRequest(phone, hash, by_phone, proof))
        if isinstance(answer, T.auth.AuthorizationSignUpRequired):
            raise TelegramError("PHONE_NUMBER_UNOCCUPIED", method="auth.signIn")
        return self._entered(answer)

    # --- a login email that is set up on the way (https://core.telegram.org/api/auth#email-verification) -------------

    async def set_up_email(self, phone: str, hash: str, email: str) -> CodeSent:  # noqa: A002
        """Have a code sent to the address that is to be the account's login email."""
        request = F.account.SendVerifyEmailCodeRequest(T.EmailVerifyPurposeLoginSetup(phone, hash), email)
        return email_code_sent(await self._call(request), hash)

    async def verify_email(self, phone: str, hash: str, code: str) -> CodeSent:  # noqa: A002
        """The address is proven: Telegram sends the code of the sign-in to it. CODE_INVALID: not this one."""
        purpose = T.EmailVerifyPurposeLoginSetup(phone, hash)
        request = F.account.VerifyEmailRequest(purpose, T.EmailVerificationCode(code))
        answer = await self._call(request)
        if not isinstance(answer, T.account.EmailVerifiedLogin):
            raise TelegramError("UNREADABLE_ANSWER", method="account.verifyEmail")
        return code_sent(answer.sent_code)

    # --- the QR code (https://core.telegram.org/api/qr-login) -----------------------------------------------------

    async def export_token(self) -> LoginToken | LoginTokenMoved | Peer:
        """A token to show; or, if one was accepted, the account, or where to import the token.

        SESSION_PASSWORD_NEEDED: it was accepted, and the cloud password comes next.
        """
        request = F.auth.ExportLoginTokenRequest(self._network.api_id, self._network.api_hash, [])
        return await self._token_answer(await self._call(request))

    async def import_token(self, token: bytes) -> LoginTokenMoved | Peer:
        """Sign in with a token that was accepted, at its account's data centre. Errors as export_token's, and
        AUTH_TOKEN_…: it is of no use any more."""
        answer = await self._token_answer(await self._call(F.auth.ImportLoginTokenRequest(token)))
        if isinstance(answer, LoginToken):
            raise TelegramError("UNREADABLE_ANSWER", method="auth.importLoginToken")
        return answer

    async def token_accepted(self) -> None:
        """Until Telegram says that a token of this key was accepted. Raises TelegramError when the connection ends."""
        await login_tokens.accepted(self._connected)

    async def _token_answer(self, answer: Any) -> LoginToken | LoginTokenMoved | Peer:
        if isinstance(answer, T.auth.LoginTokenSuccess):
            return self._entered(answer.authorization)
        if isinstance(answer, T.auth.LoginTokenMigrateTo):
            await self._migrate(self._connected, answer.dc_id)
            return LoginTokenMoved(answer.token)
        # Telegram says a time by its own clock, which its connection knows better than this machine may.
        return login_tokens.shown(answer, time.time() + (0 if self._wire is None else self._wire.clock_offset))

    # --- the cloud password --------------------------------------------------------------------------------------

    async def password_hint(self) -> str:
        """What its owner wrote to remember it by; "" for nothing."""
        return await cloud_password.hint(self._call)

    async def check_password(self, password: str) -> Peer:
        """The account, signed in. PASSWORD_HASH_INVALID: not this one."""
        return self._entered(await cloud_password.check(self._call, password))

    # --- another program's key --------------------------------------------------------------------------------------

    async def adopt(self, key: Key) -> Peer:
        """The account that another program's key is signed in to; the client goes on with that key.

        The client must be connected with a key of its own: it asks the network where its data centres are, and connects
        to no address that the other program names. IMPORT_OTHER_NETWORK: what it names is not this network's, so the
        key was shown to nobody. AUTH_KEY_UNREGISTERED: it is signed in to none.
        """
        wire = self._connected
        config = await wire.invoke(F.help.GetConfigRequest())
        theirs = any(each.id == key.dc_id for each in config.dc_options)
        if not theirs or not self._network.may_hold(key.server_address):
            raise TelegramError("IMPORT_OTHER_NETWORK")
        address = address_in(config, key.dc_id, like=self.key)
        await self._go_to(wire, address.with_auth_key(key.auth_key))
        found = await self.me()
        if found is None:
            raise TelegramError("AUTH_KEY_UNREGISTERED")
        return found

    # --- afterwards ----------------------------------------------------------------------------------------------

    async def me(self) -> Peer | None:
        """The account that the key is signed in to, None if to none yet: the look after an unknown outcome."""
        try:
            users = await self._call(F.users.GetUsersRequest([T.InputUserSelf()]))
        except TelegramError as error:
            if error.code in ("AUTH_KEY_UNREGISTERED", "SESSION_PASSWORD_NEEDED"):
                return None
            raise
        return profile(users[0]) if users else None

    async def log_out(self) -> None:
        """End the authorization at Telegram, so that the key is of no use to anybody."""
        self.future_token = (await self._call(F.auth.LogOutRequest())).future_auth_token

    # --- inside --------------------------------------------------------------------------------------------------

    def _entered(self, authorization: Any) -> Peer:
        self.future_token = authorization.future_auth_token
        return profile(authorization.user)

    @property
    def _connected(self) -> Wire:
        if self._wire is None:
            raise TelegramError("CONNECTION_LOST")
        return self._wire

    async def _call(self, request: Any, before: Callable[[Key], Awaitable[None]] | None = None) -> Any:
        migrations = 0
        while True:
            wire = self._connected
            if before is not None:
                await before(self.key)
            try:
                return await wire.invoke(request)
            except TelegramError as error:
                migrations += 1
                if error.kind is not Kind.MIGRATE or error.number is None or migrations > MIGRATIONS:
                    raise
                await self._migrate(wire, error.number)

    async def _migrate(self, wire: Wire, dc_id: int) -> None:
        """Go to the data centre that Telegram named, with a new key."""
        config = await wire.invoke(F.help.GetConfigRequest())
        await self._go_to(wire, address_in(config, dc_id, like=self.key))

    async def _go_to(self, wire: Wire, key: Key) -> None:
        await wire.close()
        self._wire = None
        self.key = key
        await self.connect()
