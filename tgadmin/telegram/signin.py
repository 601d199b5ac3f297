"""One sign-in's connection: its key is usable again after any restart, so that each step may run in another process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812
from telethon.password import compute_check

from tgadmin.core.bounds import Unfit, Whole, Words, fit
from tgadmin.core.errors import LONGEST_WAIT, Kind, TelegramError
from tgadmin.core.proxies import Proxy
from tgadmin.core.types import Checkpoint, Peer
from tgadmin.telegram import dialogs
from tgadmin.telegram._telethon import Pings, Wire
from tgadmin.telegram.application import introduction
from tgadmin.telegram.convert import clean, peer_of_user
from tgadmin.telegram.convert.text import snake
from tgadmin.telegram.network import DC_IDS, Key, Network, is_ipv6

SHORTEST_TOKEN, LONGEST_TOKEN = 6.0, 120.0
"""Seconds: what we believe a login token's life to be at least and at most; Telegram's is about 30."""
MIGRATIONS = 3
"""Data centres that one request may be sent on to."""


@dataclass(frozen=True)
class CodeSent:
    """A code is on its way. ``hash`` goes with the code (keep it secret); ``via`` is ``app``, ``sms``, ``call`` …;
    ``length`` its digits (0: not said); ``next_via`` the route that a resend would take ("": none); ``resend_after``
    is in seconds."""

    hash: Annotated[str, Words(1024, cut=False)]
    via: Annotated[str, Words(24)]
    length: Annotated[int, Whole(0, 32, clamp=True)]
    next_via: Annotated[str, Words(24)]
    resend_after: Annotated[int, Whole(0, LONGEST_WAIT, clamp=True)] | None

    def __repr__(self) -> str:
        return f"CodeSent(via={self.via!r}, length={self.length}, next_via={self.next_via!r})"


@dataclass(frozen=True)
class LoginToken:
    """What a QR code shows for ``seconds``: a signed-in client of the account accepts it. Keep ``token`` secret."""

    token: bytes = field(repr=False)
    seconds: float


@dataclass(frozen=True)
class LoginTokenMoved:
    """The token was accepted, and its account is at home where the client's new key is: import ``token`` there."""

    token: bytes = field(repr=False)


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
        self._proxy = proxy
        self._timeout = timeout
        self._allowed = allowed
        self._pings = pings
        self._updates = updates
        self._wire: Wire | None = None

    async def connect(self) -> None:
        """Connect; agree on a key if there is none yet. Raises TelegramError."""
        self._network.install()
        address = (self.key.dc_id, self.key.server_address, self.key.port)
        wire = Wire(
            address,
            self.key.auth_key,
            allowed=self._allowed,
            timeout=self._timeout,
            pings=self._pings,
            local_address=self._network.local_address,
            proxy=self._proxy,
        )
        try:
            await wire.open(introduction(self._network, updates=self._updates))
        except TelegramError as error:
            await wire.fail(error)
            raise
        self.key = self.key.with_auth_key(wire.auth_key.key)
        self._wire = wire

    async def disconnect(self) -> None:
        """Close the connection; safe to call at any time, and more than once."""
        if self._wire is not None:
            await self._wire.close()

    def abort(self) -> None:
        """Close the socket at once, from whatever thread."""
        if self._wire is not None:
            self._wire.abort()

    # --- the code ------------------------------------------------------------------------------------------------

    async def send_code(self, phone: str) -> CodeSent:
        """Have a code sent to the number (https://core.telegram.org/method/auth.sendCode)."""
        request = F.auth.SendCodeRequest(phone, self._network.api_id, self._network.api_hash, T.CodeSettings())
        return _code_sent(await self._call(request))

    async def resend(self, phone: str, hash: str) -> CodeSent:  # noqa: A002 - Telegram's word
        """Have it sent again, by the next route. SEND_CODE_UNAVAILABLE: there is none."""
        return _code_sent(await self._call(F.auth.ResendCodeRequest(phone, hash)))

    async def cancel(self, phone: str, hash: str) -> None:  # noqa: A002
        """Tell Telegram that the code is not wanted any more."""
        await self._call(F.auth.CancelCodeRequest(phone, hash))

    async def sign_in(self, phone: str, hash: str, code: str) -> Peer:  # noqa: A002
        """The account, signed in. SESSION_PASSWORD_NEEDED: the code was right, the cloud password comes next."""
        answer = await self._call(F.auth.SignInRequest(phone, hash, code))
        if isinstance(answer, T.auth.AuthorizationSignUpRequired):
            raise TelegramError("PHONE_NUMBER_UNOCCUPIED", method="auth.signIn")
        return _profile(answer.user)

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
        if self._wire is None:
            raise TelegramError("CONNECTION_LOST")
        wire = self._wire
        while True:
            update = asyncio.ensure_future(wire.updates.get())
            try:
                await asyncio.wait((update, wire.ended), return_when=asyncio.FIRST_COMPLETED)
                if not update.done():
                    raise TelegramError("CONNECTION_LOST")
                if any(isinstance(each, T.UpdateLoginToken) for each in _updates_in(update.result())):
                    return
            finally:
                update.cancel()

    async def _token_answer(self, answer: Any) -> LoginToken | LoginTokenMoved | Peer:
        if isinstance(answer, T.auth.LoginTokenSuccess):
            return _profile(answer.authorization.user)
        if isinstance(answer, T.auth.LoginTokenMigrateTo):
            if self._wire is None:
                raise TelegramError("CONNECTION_LOST")
            await self._migrate(self._wire, answer.dc_id)
            return LoginTokenMoved(answer.token)
        # Telegram says a time by its own clock, which its connection knows better than this machine may.
        now = time.time() + (0 if self._wire is None else self._wire.clock_offset)
        left = answer.expires.timestamp() - now
        return LoginToken(answer.token, min(max(left, SHORTEST_TOKEN), LONGEST_TOKEN))

    # --- the cloud password --------------------------------------------------------------------------------------

    async def password_hint(self) -> str:
        return clean((await self._call(F.account.GetPasswordRequest())).hint, 255)

    async def check_password(self, password: str) -> Peer:
        """The account, signed in. PASSWORD_HASH_INVALID: not this one (https://core.telegram.org/api/srp)."""
        for last in (False, True):
            answer = await self._call(F.account.GetPasswordRequest())
            if not answer.has_password or answer.srp_B is None:
                raise TelegramError("PASSWORD_MISSING", method="account.getPassword")
            try:
                check = await asyncio.to_thread(compute_check, answer, password)  # a tenth of a second of arithmetic
            except (ValueError, AttributeError):
                raise TelegramError("PASSWORD_UNSUPPORTED", method="account.getPassword") from None
            try:
                return _profile((await self._call(F.auth.CheckPasswordRequest(check))).user)
            except TelegramError as error:
                if last or error.code not in ("SRP_ID_INVALID", "SRP_PASSWORD_CHANGED"):
                    raise
        raise AssertionError("unreachable")

    # --- another program's key --------------------------------------------------------------------------------------

    async def adopt(self, key: Key) -> Peer:
        """The account that another program's key is signed in to; the client goes on with that key.

        The client must be connected with a key of its own: it asks the network where its data centres are, and connects
        to no address that the other program names. IMPORT_OTHER_NETWORK: what it names is not this network's, so the
        key was shown to nobody. AUTH_KEY_UNREGISTERED: it is signed in to none.
        """
        if self._wire is None:
            raise TelegramError("CONNECTION_LOST")
        config = await self._wire.invoke(F.help.GetConfigRequest())
        ours = {each.ip_address for each in config.dc_options if each.id == key.dc_id}
        if key.server_address not in ours | self._network.known_addresses(key.dc_id):
            raise TelegramError("IMPORT_OTHER_NETWORK")
        address = self._address(config, key.dc_id)
        await self._go_to(self._wire, address.with_auth_key(key.auth_key))
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
        return _profile(users[0]) if users else None

    async def state(self) -> Checkpoint:
        """The state to begin from: commit it with the sign-in."""
        return await dialogs.first_state(self._call)

    async def log_out(self) -> None:
        """End the authorization at Telegram, so that the key is of no use to anybody."""
        await self._call(F.auth.LogOutRequest())

    # --- inside --------------------------------------------------------------------------------------------------

    async def _call(self, request: Any) -> Any:
        migrations = 0
        while True:
            if self._wire is None:
                raise TelegramError("CONNECTION_LOST")
            try:
                return await self._wire.invoke(request)
            except TelegramError as error:
                migrations += 1
                if error.kind is not Kind.MIGRATE or error.number is None or migrations > MIGRATIONS:
                    raise
                await self._migrate(self._wire, error.number)

    async def _migrate(self, wire: Wire, dc_id: int) -> None:
        """Go to the data centre that Telegram named, with a new key."""
        config = await wire.invoke(F.help.GetConfigRequest())
        await self._go_to(wire, self._address(config, dc_id))

    def _address(self, config: Any, dc_id: int) -> Key:
        """Where the network keeps that data centre, without a key yet. Raises TelegramError (DC_ID_INVALID)."""
        v6 = is_ipv6(self.key.server_address)
        for each in config.dc_options if dc_id in DC_IDS else ():
            if each.id == dc_id and bool(each.ipv6) == v6 and not (each.cdn or each.media_only or each.tcpo_only):
                return Key(dc_id, each.ip_address, each.port)
        raise TelegramError("DC_ID_INVALID")

    async def _go_to(self, wire: Wire, key: Key) -> None:
        await wire.close()
        self._wire = None
        self.key = key
        await self.connect()


def _updates_in(container: Any) -> Sequence[Any]:
    """The updates of a container as they came from the wire."""
    if isinstance(container, T.UpdateShort):
        return [container.update]
    return getattr(container, "updates", None) or [container]


def _code_sent(answer: Any) -> CodeSent:
    if isinstance(answer, T.auth.SentCodeSuccess):
        raise TelegramError("USER_ALREADY_AUTHORIZED", method="auth.sendCode")
    if not isinstance(answer, T.auth.SentCode):
        raise TelegramError("SEND_CODE_UNAVAILABLE", method="auth.sendCode")
    next_type = answer.next_type
    sent = CodeSent(
        hash=answer.phone_code_hash,
        via=snake(type(answer.type).__name__.removeprefix("SentCodeType")),
        length=getattr(answer.type, "length", None) or 0,
        next_via="" if next_type is None else snake(type(next_type).__name__.removeprefix("CodeType")),
        resend_after=answer.timeout,
    )
    try:
        return fit(sent)
    except Unfit:
        raise TelegramError("UNREADABLE_ANSWER", method="auth.sendCode") from None


def _profile(user: Any) -> Peer:
    found = peer_of_user(user)
    if found is None:
        raise TelegramError("UNREADABLE_ANSWER")
    return found
