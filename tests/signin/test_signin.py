"""The sign-in service: each step, each error, the end of every secret.

Telegram's answers are given as the gateway gives them; tests/e2e/test_sign_in.py has a real gateway and data centre.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from apps.chats.models import Peer
from apps.commands.models import Command, CommandSecret
from apps.sessions.models import (
    Authorization,
    Session,
    SessionEvent,
    SessionGrant,
    SessionStatus,
    UpdateState,
)
from apps.sessions.services import rights
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInSecret, SignInStep
from apps.staff.roles import Role
from tests.kit.accounts import key, profile
from tests.signin.signing_in import DIGITS, PHONE, Sent, at_code, at_password, no_secrets, queued, settle_all, starter
from tgadmin.core.errors import UserError

__all__ = ["starter"]


# --- the way without mistakes ---------------------------------------------------------------------------------------


def test_start_makes_a_place_for_the_account_and_asks_for_a_code(starter: User) -> None:
    attempt = signin.start(starter, "Support", PHONE)
    assert (attempt.step, attempt.busy, attempt.phone) == (SignInStep.PHONE, True, DIGITS)
    assert (attempt.session.name, attempt.session.status) == ("Support", SessionStatus.SIGNING_IN)
    assert queued(attempt) == ["sign_in.send_code"]
    assert not rights.visible_sessions(starter).exists()


def test_the_whole_way_with_a_cloud_password(starter: User) -> None:
    attempt = at_code(starter)
    assert (attempt.step, attempt.code_via, attempt.code_length, attempt.next_via) == (SignInStep.CODE, "app", 5, "sms")
    signin.submit_code(starter, attempt, " 123-45 ")
    code = Command.objects.get(kind="sign_in.code")
    assert code.secret_row.secret == {"code": "12345"}
    assert "12345" not in str(code.payload)
    signin.password_needed(attempt.pk, key(), "the usual")
    settle_all()
    attempt.refresh_from_db()
    assert (attempt.step, attempt.password_hint, attempt.error_code) == (SignInStep.PASSWORD, "the usual", "")
    signin.submit_password(starter, attempt, " pass word ")
    assert Command.objects.get(kind="sign_in.password").secret_row.secret == {"password": " pass word "}
    session_id = signin.signed_in(attempt.pk, key(3), profile(phone=DIGITS, username="marta"))
    settle_all()
    attempt.refresh_from_db()
    assert (attempt.step, attempt.busy, attempt.session_id) == (SignInStep.DONE, False, session_id)
    assert no_secrets()


def test_signed_in_stores_everything_at_once(starter: User) -> None:
    attempt = at_code(starter)
    signin.submit_code(starter, attempt, "12345")
    session = Session.objects.get(pk=signin.signed_in(attempt.pk, key(3), profile()))
    assert (session.telegram_user_id, session.profile_name, session.dc_id) == (77, "Marta Lind", 2)
    assert (session.status, session.phone) == (SessionStatus.CONNECTING, DIGITS)
    authorization = Authorization.objects.get(session=session, role=Authorization.Role.CURRENT)
    assert authorization.secret_row.secret == key(3)
    assert not UpdateState.objects.filter(session=session).exists(), "it is asked for when the account is connected"
    assert Peer.objects.get(session=session, is_self=True).access_hash == 5
    assert SessionGrant.objects.get(session=session, user=starter).role == Role.MANAGER
    assert Command.objects.filter(session=session, kind="dialogs", lane="account").count() == 1
    assert {"sign_in_started", "signed_in", "status.connecting"} <= set(
        SessionEvent.objects.filter(session=session).values_list("kind", flat=True)
    )
    assert list(rights.visible_sessions(starter)) == [session]


def test_signed_in_again_after_an_unknown_outcome_changes_nothing(starter: User) -> None:
    attempt = at_code(starter)
    first = signin.signed_in(attempt.pk, key(3), profile())
    assert signin.signed_in(attempt.pk, key(4), profile()) == first
    assert Authorization.objects.count() == 1
    assert Command.objects.filter(kind="dialogs").count() == 1


def test_an_account_without_a_given_name_takes_its_own(starter: User) -> None:
    attempt = signin.start(starter, " ", PHONE)
    assert attempt.session.name == "+49 151 •••• 6789"
    signin.code_sent(attempt.pk, key(), Sent())
    assert Session.objects.get(pk=signin.signed_in(attempt.pk, key(), profile())).name == "Marta Lind"


def test_key_id_is_telegrams() -> None:
    """auth_key_id: the 64 lower-order bits of the SHA-1 of the key (core.telegram.org/mtproto/description)."""
    from telethon.crypto import AuthKey

    from tgadmin.core.ids import auth_key_id as key_id

    raw = bytes(range(256))
    assert key_id(raw) == int.from_bytes(AuthKey(raw).key_id.to_bytes(8, "little"), "little", signed=True)


# --- wrong turns ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phone", ["", "  ", "0151 234", "call me", "+49", "1" * 21, "49151x23456", "<script>"])
def test_a_phone_that_is_none_is_refused_and_nothing_is_stored(starter: User, phone: str) -> None:
    with pytest.raises(UserError) as refused:
        signin.start(starter, "Support", phone)
    assert refused.value.code == "PHONE_NUMBER_INVALID"
    assert not Session.objects.exists()


def test_telegrams_test_numbers_pass(starter: User) -> None:
    assert signin.start(starter, "Test", "+99966 2 1234").phone == "9996621234"


@pytest.mark.parametrize(
    "code",
    [
        "PHONE_CODE_INVALID",
        "PHONE_CODE_EXPIRED",
        "PHONE_NUMBER_UNOCCUPIED",
        "TIMEOUT",
        "CONNECTION_FAILED",
        "SEND_CODE_UNAVAILABLE",
    ],
)
def test_errors_of_the_code_stay_on_its_step(starter: User, code: str) -> None:
    attempt = at_code(starter)
    signin.submit_code(starter, attempt, "00000")
    signin.step_failed(attempt.pk, code)
    attempt.refresh_from_db()
    assert (attempt.step, attempt.busy, attempt.error_code) == (SignInStep.CODE, False, code)
    assert SignInSecret.objects.filter(attempt=attempt).exists()


@pytest.mark.parametrize(
    "code", ["PHONE_NUMBER_BANNED", "PHONE_NUMBER_INVALID", "PHONE_NUMBER_FLOOD", "API_ID_INVALID"]
)
def test_errors_of_the_number_stay_on_its_step(starter: User, code: str) -> None:
    attempt = signin.start(starter, "", PHONE)
    signin.step_failed(attempt.pk, code)
    settle_all()
    attempt.refresh_from_db()
    assert (attempt.step, attempt.busy, attempt.error_code) == (SignInStep.PHONE, False, code)
    again = signin.submit_phone(starter, attempt, "+49 151 999 99999")
    assert (again.pk, again.phone, again.busy) == (attempt.pk, "4915199999999", True)
    assert again.session.name == "+49 151 •••• 9999"


def test_errors_of_the_password_stay_on_its_step(starter: User) -> None:
    attempt = at_password(starter)
    signin.submit_password(starter, attempt, "wrong")
    signin.step_failed(attempt.pk, "PASSWORD_HASH_INVALID")
    settle_all()
    attempt.refresh_from_db()
    assert (attempt.step, attempt.error_code, attempt.password_hint) == (
        SignInStep.PASSWORD,
        "PASSWORD_HASH_INVALID",
        "the usual",
    )
    assert not CommandSecret.objects.exists()


@pytest.mark.parametrize("code", ["AUTH_RESTART", "AUTH_KEY_UNREGISTERED", "SESSION_REVOKED", "KEYS_MISSING"])
def test_a_sign_in_that_telegram_ended_starts_again_from_the_number(starter: User, code: str) -> None:
    attempt = at_password(starter)
    signin.submit_password(starter, attempt, "right")
    signin.step_failed(attempt.pk, code)
    settle_all()
    attempt.refresh_from_db()
    assert (attempt.step, attempt.busy, attempt.error_code) == (SignInStep.PHONE, False, code)
    assert no_secrets()
    assert signin.submit_phone(starter, attempt, attempt.phone).busy


def test_an_expired_code_is_replaced_by_a_new_one(starter: User) -> None:
    attempt = at_code(starter)
    signin.submit_code(starter, attempt, "12345")
    signin.step_failed(attempt.pk, "PHONE_CODE_EXPIRED")
    settle_all()
    with pytest.raises(UserError):
        signin.submit_code(starter, attempt, "12345")
    signin.resend(starter, attempt)
    assert queued(attempt) == ["sign_in.send_code"]


def test_another_code_is_sent_only_when_telegram_allows(starter: User) -> None:
    attempt = at_code(starter)
    with pytest.raises(UserError) as early:
        signin.resend(starter, attempt)
    assert (early.value.code, early.value.until) == ("RESEND_TOO_EARLY", attempt.resend_at)
    SignInAttempt.objects.update(resend_at=timezone.now())
    signin.resend(starter, attempt)
    assert queued(attempt) == ["sign_in.resend"]


def test_no_other_way_to_send_the_code(starter: User) -> None:
    attempt = at_code(starter, next_via="", resend_after=None)
    with pytest.raises(UserError) as refused:
        signin.resend(starter, attempt)
    assert refused.value.code == "SEND_CODE_UNAVAILABLE"


def test_a_flood_wait_stays_on_its_step_and_is_obeyed(starter: User) -> None:
    attempt = at_code(starter)
    signin.submit_code(starter, attempt, "12345")
    signin.step_failed(attempt.pk, "FLOOD_WAIT", 300)
    settle_all()
    attempt.refresh_from_db()
    assert attempt.step == SignInStep.CODE
    assert attempt.flood_until is not None
    with pytest.raises(UserError) as wait:
        signin.submit_code(starter, attempt, "12345")
    assert wait.value.until == attempt.flood_until
    SignInAttempt.objects.update(flood_until=timezone.now() - timedelta(seconds=1))
    assert signin.submit_code(starter, attempt, "12345").flood_until is None


def test_one_step_at_a_time(starter: User) -> None:
    attempt = at_code(starter)
    signin.submit_code(starter, attempt, "12345")
    for step in (
        lambda: signin.submit_code(starter, attempt, "54321"),
        lambda: signin.submit_password(starter, attempt, "x"),
        lambda: signin.resend(starter, attempt),
    ):
        with pytest.raises(UserError) as refused:
            step()
        assert refused.value.code == "SIGN_IN_BUSY"
    assert queued(attempt) == ["sign_in.code"]


def test_a_step_out_of_turn_is_refused(starter: User) -> None:
    attempt = at_code(starter)
    with pytest.raises(UserError) as refused:
        signin.submit_password(starter, attempt, "x")
    assert refused.value.code == "SIGN_IN_STEP"


@pytest.mark.parametrize("code", ["", "   ", "1" * 33])
def test_a_code_that_is_none_is_not_sent(starter: User, code: str) -> None:
    attempt = at_code(starter)
    with pytest.raises(UserError):
        signin.submit_code(starter, attempt, code)
    assert queued(attempt) == []


def test_starting_needs_the_permission(staff: Callable[..., User]) -> None:
    with pytest.raises(rights.Forbidden):
        signin.start(staff("nobody"), "", PHONE)
    assert not Session.objects.exists()


def test_secrets_lie_encrypted(starter: User) -> None:
    attempt = at_code(starter)
    signin.submit_code(starter, attempt, "98765")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT secret FROM telegram_sign_in_secrets UNION ALL SELECT secret FROM telegram_command_secrets"
        )
        stored = b"".join(bytes(row[0]) for row in cursor.fetchall())
    assert stored
    assert b"hash-1" not in stored
    assert b"98765" not in stored
