"""Importing the session of another program through the gateway: what is good, what is not, and what is kept of it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from telethon.tl import functions

from apps.commands.models import Command
from apps.sessions.models import Authorization, AuthorizationSecret, Session
from apps.sessions.services import exports, sessions
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInSecret, SignInStep
from tests.gateway.conftest import PHONE
from tests.kit.threads import GatewayThread, Phone, SandboxThread, at_step, ready
from tests.kit.waiting import eventually
from tgadmin.core.errors import UserError
from tgadmin.core.session_strings import ForeignSession, write_string

DCS = 2
HOME = 2
OTHER_PHONE = "491511000002"


@pytest.fixture
def foreign(dc: SandboxThread) -> Callable[..., ForeignSession]:
    """The session of another program that was signed in to an account and has been stopped."""

    def make(phone: str = PHONE, home: int = 1, *, log_out: bool = False) -> ForeignSession:
        if dc.call(dc.server.world.accounts.by_phone, phone) is None:
            dc.person("Support", phone, home_dc=home)
        client = Phone(dc.network, dc=home)
        before = sum(1 for line in _lines(dc) if phone in line)
        client.sign_in(phone, lambda: dc.code(phone, before + 1))
        if log_out:
            client(functions.auth.LogOutRequest())
        key = client.client.key
        client.close()
        return ForeignSession(key.dc_id, key.server_address, key.port, key.auth_key)

    return make


def _lines(dc: SandboxThread) -> list[str]:
    return dc.codes_path.read_text().splitlines() if dc.codes_path.exists() else []


def text_of(session: ForeignSession) -> bytes:
    return write_string(session).encode()


def failed(attempt: SignInAttempt) -> str:
    """Why the import failed, once it has; nothing of the key is left."""

    def over() -> bool:
        attempt.refresh_from_db()
        return attempt.step == SignInStep.FAILED

    eventually(over)
    assert not SignInSecret.objects.exists()
    assert not AuthorizationSecret.objects.filter(authorization__session_id=attempt.session_id).exists()
    return attempt.error_code


@pytest.mark.parametrize("home", [1, HOME])
def test_a_good_one(
    user: User, dc: SandboxThread, gateway: GatewayThread, foreign: Callable[..., ForeignSession], home: int
) -> None:
    given = foreign(home=home)
    attempt = signin.start_import(user, "", text_of(given))
    at_step(attempt, SignInStep.DONE)
    session = ready(Session.objects.get(pk=attempt.session_id))
    assert (session.name, session.phone, session.dc_id, session.network) == ("Support", PHONE, home, "dc-test")
    secret: dict[str, Any] = dict(AuthorizationSecret.objects.get().secret)  # type: ignore[call-overload]
    assert base64.b64decode(secret["auth_key"]) == given.auth_key
    assert not SignInSecret.objects.exists()
    assert len(dc.call(dc.server.keys_of, session.telegram_user_id)) == 1  # the key is the same, not another one

    # Out again: the same string.
    again = exports.export_string(user, session, "moves to another house")
    assert again.encode() == text_of(given)


def test_a_key_that_is_here_is_refused(
    user: User, dc: SandboxThread, gateway: GatewayThread, foreign: Callable[..., ForeignSession]
) -> None:
    given = text_of(foreign())
    first = signin.start_import(user, "Support", given)
    with pytest.raises(UserError) as refused:
        signin.start_import(user, "Twice", given)
    assert refused.value.code == "KEY_IN_USE"
    at_step(first, SignInStep.DONE)
    with pytest.raises(UserError):
        signin.start_import(user, "Twice", given)
    session = ready(Session.objects.get())
    text = exports.export_string(user, session, "a test of it")
    with pytest.raises(UserError):
        signin.start_import(user, "Twice", text.encode(), session=session)


@pytest.mark.parametrize("where", ["another address", "another data centre", "no such data centre"])
def test_a_key_of_another_network_is_shown_to_nobody(
    user: User, dc: SandboxThread, gateway: GatewayThread, foreign: Callable[..., ForeignSession], where: str
) -> None:
    given = foreign()
    address = {"another address": "149.154.167.51"}.get(where, given.server_address)
    number = {"another data centre": 2, "no such data centre": 5}.get(where, given.dc_id)
    dc.call(dc.server.record.clear)
    attempt = signin.start_import(user, "Support", text_of(ForeignSession(number, address, 443, given.auth_key)))
    codes = {"another data centre": "AUTH_KEY_NOT_FOUND"}
    assert failed(attempt) == codes.get(where, "IMPORT_OTHER_NETWORK")
    assert not dc.call(lambda: [one for one in dc.server.record.uses if one.user_id is not None])


def test_an_address_of_another_time_is_not_connected_to(
    user: User, dc: SandboxThread, gateway: GatewayThread, foreign: Callable[..., ForeignSession]
) -> None:
    """Nothing answers there: the session is signed in since its data centre is asked where Telegram says that it is."""
    given = foreign()
    moved = ForeignSession(given.dc_id, "127.0.0.77", 9, given.auth_key)
    at_step(signin.start_import(user, "Support", text_of(moved)), SignInStep.DONE)


def test_one_that_telegram_has_ended(
    user: User, dc: SandboxThread, gateway: GatewayThread, foreign: Callable[..., ForeignSession]
) -> None:
    attempt = signin.start_import(user, "Support", text_of(foreign(log_out=True)))
    assert failed(attempt) == "AUTH_KEY_UNREGISTERED"
    assert Session.objects.get().enabled is False


def test_one_of_another_account_is_left_as_it_is(
    user: User, dc: SandboxThread, gateway: GatewayThread, foreign: Callable[..., ForeignSession]
) -> None:
    """It is somebody's: it is not ended, only forgotten."""
    first = signin.start_import(user, "Support", text_of(foreign()))
    at_step(first, SignInStep.DONE)
    session = ready(Session.objects.get())
    other = foreign(OTHER_PHONE)
    attempt = signin.start_import(user, "", text_of(other), session=session)
    eventually(lambda: SignInAttempt.objects.get(pk=attempt.pk).step == SignInStep.FAILED)
    assert SignInAttempt.objects.get(pk=attempt.pk).error_code == "ACCOUNT_MISMATCH"
    key = dc.call(lambda: next(key for key in dc.server.ring if key.key == other.auth_key))
    assert key.user_id is not None
    assert not SignInSecret.objects.exists()
    assert Authorization.objects.count() == 1


def test_another_key_of_a_known_account_takes_over(
    user: User, dc: SandboxThread, gateway: GatewayThread, foreign: Callable[..., ForeignSession]
) -> None:
    at_step(signin.start_import(user, "Support", text_of(foreign())), SignInStep.DONE)
    session = ready(Session.objects.get())
    second = foreign()
    at_step(signin.start_import(user, "", text_of(second), session=session), SignInStep.DONE)
    eventually(lambda: Authorization.objects.filter(secret_row__isnull=False).count() == 1)
    ready(session)
    assert dc.call(lambda: [key.key for key in dc.server.keys_of(session.telegram_user_id)]) == [second.auth_key]


def test_cancelled_while_no_gateway_runs(
    user: User, dc: SandboxThread, foreign: Callable[..., ForeignSession], start_gateway: Callable[..., GatewayThread]
) -> None:
    given = foreign()
    attempt = signin.start_import(user, "Support", text_of(given))
    signin.cancel(user, attempt)
    start_gateway()
    eventually(lambda: not SignInSecret.objects.exists())
    eventually(lambda: not Command.objects.filter(state__in=("queued", "claimed")).exists())
    key = dc.call(lambda: next(key for key in dc.server.ring if key.key == given.auth_key))
    assert key.user_id is not None


def test_a_log_out_ends_an_imported_key_too(
    user: User, dc: SandboxThread, gateway: GatewayThread, foreign: Callable[..., ForeignSession]
) -> None:
    at_step(signin.start_import(user, "Support", text_of(foreign())), SignInStep.DONE)
    session = ready(Session.objects.get())
    sessions.log_out(user, session)
    eventually(lambda: dc.call(dc.server.keys_of, session.telegram_user_id) == [])
