"""Sign-ins by QR code through the gateway, on a first and on a second data centre."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from telethon.tl import functions

from apps.sessions.models import Authorization, Session
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInSecret, SignInStep
from tests.gateway.conftest import PHONE
from tests.kit.threads import GatewayThread, Phone, SandboxThread, at_step, ready
from tests.kit.waiting import eventually
from tgadmin.core.errors import UserError

PASSWORD = "correct horse"
HOME = DCS = 2


@pytest.fixture
def dc(dc: SandboxThread) -> SandboxThread:
    """Codes live longer than a busy machine may sleep."""
    dc.server.world.logins.tokens.seconds = 120
    return dc


@pytest.fixture
def phone(dc: SandboxThread) -> Iterator[Callable[..., Phone]]:
    """An account with its owner's app, signed in."""
    made: list[Phone] = []

    def make(*, home: int = 1, password: str = "") -> Phone:
        dc.person("Support", PHONE, home_dc=home, password=password or None)
        made.append(Phone(dc.network, dc=home).sign_in(PHONE, lambda: dc.code(PHONE), password=password))
        return made[-1]

    yield make
    for one in made:
        one.close()


def code_of(attempt: SignInAttempt) -> signin.ShownCode:
    at_step(attempt, SignInStep.QR)
    shown = signin.shown_code(attempt)
    assert shown is not None
    return shown


def lapse(attempt: SignInAttempt) -> None:
    """The time for which the code is shown passes."""
    SignInAttempt.objects.filter(pk=attempt.pk).update(token_until=timezone.now() + timedelta(seconds=1))
    attempt.refresh_from_db()


@pytest.mark.parametrize("home", [1, HOME])
@pytest.mark.parametrize("password", ["", PASSWORD])
def test_scanned_and_signed_in(
    user: User, dc: SandboxThread, gateway: GatewayThread, phone: Callable[..., Phone], home: int, password: str
) -> None:
    owner = phone(home=home, password=password)
    attempt = signin.start_qr(user, "")
    shown = code_of(attempt)
    assert shown.url.startswith("tg://login?token=")
    assert 0 < shown.seconds <= 120
    assert shown.url not in repr(shown)
    owner.scan(shown.url)
    if password:
        at_step(attempt, SignInStep.PASSWORD)
        assert not {"login_token", "import_token"} & {k for k, v in _secret(attempt).items() if v}
        signin.submit_password(user, attempt, PASSWORD)
    at_step(attempt, SignInStep.DONE)
    session = ready(Session.objects.get(pk=attempt.session_id))
    assert (session.name, session.phone, session.dc_id) == ("Support", PHONE, home)
    assert not SignInSecret.objects.exists()
    assert signin.shown_code(attempt) is None
    devices = owner(functions.account.GetAuthorizationsRequest()).authorizations
    assert [each.device_model for each in devices if not each.current] == ["tgadmin"]


def _secret(attempt: SignInAttempt) -> dict[str, Any]:
    return dict(SignInSecret.objects.get(attempt=attempt).secret)  # type: ignore[call-overload]


def test_a_code_is_renewed_before_it_lapses(
    user: User, dc: SandboxThread, gateway: GatewayThread, phone: Callable[..., Phone]
) -> None:
    owner = phone()
    attempt = signin.start_qr(user, "Support")
    first = code_of(attempt)
    assert not signin.needs_renewal(attempt)
    assert code_of(signin.renew_qr(user, attempt)).id == first.id
    lapse(attempt)
    assert signin.needs_renewal(attempt)
    assert signin.start_qr(user, "Support").pk == attempt.pk
    second = code_of(attempt)
    assert second.id != first.id
    keys = {one["auth_key"] for one in [_secret(attempt)]}
    lapse(attempt)
    signin.renew_qr(user, attempt)
    code_of(attempt)
    assert {_secret(attempt)["auth_key"]} == keys  # one half-made key for all codes
    owner.scan(second.url)
    at_step(attempt, SignInStep.DONE)


def test_accepted_while_no_gateway_runs(
    user: User,
    dc: SandboxThread,
    start_gateway: Callable[..., GatewayThread],
    phone: Callable[..., Phone],
) -> None:
    """What Telegram told nobody is found by the next renewal, in another process."""
    owner = phone(home=HOME)
    first = start_gateway()
    attempt = signin.start_qr(user, "Support")
    shown = code_of(attempt)
    assert first.stop()
    owner.scan(shown.url)
    start_gateway()
    lapse(attempt)
    signin.renew_qr(user, attempt)
    at_step(attempt, SignInStep.DONE)
    assert ready(Session.objects.get(pk=attempt.session_id)).dc_id == HOME


@pytest.mark.parametrize("method", ["auth.exportLoginToken", "auth.importLoginToken"])
def test_an_answer_lost_on_the_way_is_looked_for(
    user: User, dc: SandboxThread, gateway: GatewayThread, phone: Callable[..., Phone], method: str
) -> None:
    owner = phone(home=HOME if method == "auth.importLoginToken" else 1)
    attempt = signin.start_qr(user, "Support")
    shown = code_of(attempt)
    dc.faults("drop_reply", method)
    owner.scan(shown.url)
    at_step(attempt, SignInStep.DONE)
    ours = dc.call(dc.server.keys_of, Session.objects.get().telegram_user_id)
    assert len(ours) == 2  # the phone's and ours: no third one was left behind


def test_a_token_that_lapsed_on_its_way_to_the_other_data_centre(
    user: User, dc: SandboxThread, gateway: GatewayThread, phone: Callable[..., Phone]
) -> None:
    owner = phone(home=HOME)
    attempt = signin.start_qr(user, "Support")
    shown = code_of(attempt)
    dc.faults("error", "auth.importLoginToken", 400, "AUTH_TOKEN_EXPIRED")
    owner.scan(shown.url)

    def another() -> signin.ShownCode | None:
        attempt.refresh_from_db()
        found = signin.shown_code(attempt)
        return found if found is not None and found.id != shown.id and not attempt.busy else None

    owner.scan(eventually(another).url)
    at_step(attempt, SignInStep.DONE)


def test_cancelling_half_way_logs_the_half_made_key_out(
    user: User, dc: SandboxThread, gateway: GatewayThread, phone: Callable[..., Phone]
) -> None:
    owner = phone(password=PASSWORD)
    attempt = signin.start_qr(user, "Support")
    owner.scan(code_of(attempt).url)
    at_step(attempt, SignInStep.PASSWORD)
    listed = owner(functions.account.GetAuthorizationsRequest()).authorizations
    assert [each.password_pending for each in listed] == [False, True]
    signin.cancel(user, attempt)
    eventually(lambda: not SignInSecret.objects.exists())
    assert len(owner(functions.account.GetAuthorizationsRequest()).authorizations) == 1
    assert not Authorization.objects.exists()


def test_a_known_account_is_signed_in_again(
    user: User, dc: SandboxThread, gateway: GatewayThread, phone: Callable[..., Phone]
) -> None:
    owner = phone()
    attempt = signin.start_qr(user, "Support")
    owner.scan(code_of(attempt).url)
    at_step(attempt, SignInStep.DONE)
    session = ready(Session.objects.get())
    again = signin.start_qr(user, "", session=session)
    owner.scan(code_of(again).url)
    at_step(again, SignInStep.DONE)
    assert again.session_id == session.pk
    eventually(lambda: Authorization.objects.filter(secret_row__isnull=False).count() == 1)


def test_from_the_code_to_the_number_and_back(user: User, dc: SandboxThread, gateway: GatewayThread) -> None:
    dc.person("Support", PHONE)
    attempt = signin.start_qr(user, "")
    code_of(attempt)
    signin.use_phone(user, attempt)
    at_step(attempt, SignInStep.PHONE)
    assert not SignInSecret.objects.exists()
    signin.use_qr(user, attempt)
    code_of(attempt)
    signin.use_phone(user, attempt)
    signin.submit_phone(user, attempt, PHONE)
    at_step(attempt, SignInStep.CODE)
    signin.submit_code(user, attempt, dc.code(PHONE))
    at_step(attempt, SignInStep.DONE)
    assert Session.objects.get().name == "Support"


def test_a_flood_wait_and_auth_restart_stay_at_the_code(
    user: User, dc: SandboxThread, gateway: GatewayThread, phone: Callable[..., Phone]
) -> None:
    dc.faults("flood", "auth.exportLoginToken", 90)
    attempt = signin.start_qr(user, "")

    def answered() -> str:
        attempt.refresh_from_db()
        return "" if attempt.busy else attempt.error_code

    assert eventually(answered) == "FLOOD_WAIT"
    assert (attempt.step, attempt.flood_until is not None) == (SignInStep.QR, True)
    with pytest.raises(UserError):
        signin.renew_qr(user, attempt)
    SignInAttempt.objects.update(flood_until=None)
    dc.faults("error", "auth.exportLoginToken", 500, "AUTH_RESTART")
    signin.renew_qr(user, attempt)
    eventually(lambda: answered() == "AUTH_RESTART")
    assert attempt.step == SignInStep.QR
    signin.renew_qr(user, attempt)
    code_of(attempt)
