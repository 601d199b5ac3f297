"""The sign-in service: starting twice, cancelling, late answers, accounts that are known already."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from apps.commands.models import Command
from apps.commands.services import commands
from apps.sessions.models import (
    Authorization,
    AuthorizationSecret,
    ChannelState,
    Session,
    SessionGrant,
    SessionStatus,
    UpdateState,
)
from apps.sessions.services import rights
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInSecret, SignInStep
from apps.staff.roles import Role
from tests.kit.accounts import key, profile
from tests.signin.signing_in import PHONE, Account, Sent, at_code, no_secrets, queued, settle_all, starter
from tgadmin.core.errors import UserError

__all__ = ["starter"]


# --- resuming, changing, cancelling ---------------------------------------------------------------------------------


def test_a_second_start_for_the_same_phone_goes_on_with_the_first(starter: User) -> None:
    attempt = at_code(starter)
    again = signin.start(starter, "Other name", "0049 151 23456789")
    assert (again.pk, again.step, again.busy) == (attempt.pk, SignInStep.CODE, False)
    assert Session.objects.count() == 1


def test_a_second_start_after_a_failed_number_asks_again(starter: User) -> None:
    attempt = signin.start(starter, "", PHONE)
    signin.step_failed(attempt.pk, "CONNECTION_FAILED")
    settle_all()
    again = signin.start(starter, "", PHONE)
    assert (again.pk, again.busy) == (attempt.pk, True)
    assert queued(again) == ["sign_in.send_code"]


def test_a_colleagues_sign_in_is_not_taken_over(starter: User, staff: Callable[..., User]) -> None:
    attempt = at_code(starter)
    other = staff("other", "add_account")
    assert signin.start(other, "", PHONE).pk != attempt.pk
    for step in (
        lambda: signin.submit_code(other, attempt, "12345"),
        lambda: signin.resend(other, attempt),
        lambda: signin.change_phone(other, attempt),
        lambda: signin.cancel(other, attempt),
    ):
        with pytest.raises(rights.Forbidden):
            step()


def test_the_number_can_be_changed(starter: User) -> None:
    attempt = at_code(starter)
    signin.change_phone(starter, attempt)
    assert queued(attempt) == ["sign_in.cancel"]
    signin.cancelled(attempt.pk)
    settle_all()
    attempt.refresh_from_db()
    assert (attempt.step, attempt.busy, attempt.code_via) == (SignInStep.PHONE, False, "")
    assert no_secrets()


def test_cancel_ends_here_at_once_and_at_telegram_then(starter: User) -> None:
    attempt = at_code(starter)
    signin.cancel(starter, attempt)
    attempt.refresh_from_db()
    assert (attempt.step, attempt.busy) == (SignInStep.CANCELLED, True)
    assert queued(attempt) == ["sign_in.cancel"]
    assert SignInSecret.objects.exists(), "the gateway needs it to cancel at Telegram"
    signin.cancelled(attempt.pk)
    settle_all()
    attempt.refresh_from_db()
    assert (attempt.step, attempt.busy) == (SignInStep.CANCELLED, False)
    assert no_secrets()
    assert not attempt.session.enabled


def test_cancel_before_anything_was_sent_needs_no_gateway(starter: User) -> None:
    attempt = signin.start(starter, "", PHONE)
    signin.cancel(starter, attempt)
    attempt.refresh_from_db()
    assert (attempt.step, attempt.busy) == (SignInStep.CANCELLED, False)
    assert not Command.objects.filter(state__in=commands.OPEN).exists()


def test_a_code_that_arrives_after_the_cancel_is_let_go(starter: User) -> None:
    attempt = signin.start(starter, "", PHONE)
    Command.objects.update(state=Command.State.CLAIMED)
    signin.cancel(starter, attempt)
    signin.code_sent(attempt.pk, key(), Sent())
    attempt.refresh_from_db()
    assert attempt.step == SignInStep.CANCELLED
    assert SignInSecret.objects.get(attempt=attempt).secret["phone_code_hash"] == "hash-1"
    signin.cancelled(attempt.pk)
    settle_all()
    assert no_secrets()


def test_an_account_signed_in_after_the_cancel_is_logged_out(starter: User) -> None:
    attempt = at_code(starter)
    signin.submit_code(starter, attempt, "12345")
    Command.objects.filter(kind="sign_in.code").update(state=Command.State.CLAIMED)
    signin.cancel(starter, attempt)
    signin.signed_in(attempt.pk, key(8), profile())
    attempt.refresh_from_db()
    authorization = Authorization.objects.get()
    assert (attempt.step, authorization.role) == (SignInStep.CANCELLED, Authorization.Role.OLD)
    assert Command.objects.get(kind="log_out").payload == {"authorization": authorization.pk}
    assert attempt.session.telegram_user_id is None


@pytest.mark.parametrize("late", ["code_sent", "password_needed", "step_failed", "cancelled"])
def test_late_answers_do_not_reopen_a_finished_sign_in(starter: User, late: str) -> None:
    attempt = at_code(starter)
    signin.signed_in(attempt.pk, key(), profile())
    arguments = {
        "code_sent": (key(), Sent()),
        "password_needed": (key(), "hint"),
        "step_failed": ("PHONE_CODE_INVALID", None),
        "cancelled": (),
    }
    getattr(signin, late)(attempt.pk, *arguments[late])
    attempt.refresh_from_db()
    assert (attempt.step, attempt.error_code) == (SignInStep.DONE, "")
    assert no_secrets()


# --- accounts that are known already --------------------------------------------------------------------------------


def test_a_known_account_keeps_its_session_and_gets_the_new_key(starter: User, account: Account) -> None:
    known = account("Known", telegram_user_id=77, status=SessionStatus.READY)
    SessionGrant.objects.create(session=known, user=starter, role=Role.MANAGER)
    former = Authorization.objects.get(session=known)
    UpdateState.objects.create(session=known, pts=500, qts=1, date=1, seq=900)
    ChannelState.objects.create(session=known, peer_id=-1000000000009, pts=7)
    attempt = at_code(starter)
    place = attempt.session_id
    signin.submit_code(starter, attempt, "12345")
    assert signin.signed_in(attempt.pk, key(9), profile()) == known.pk
    settled = Command.objects.get(kind="sign_in.code")
    commands.settle(settled, Command.State.DONE)
    former.refresh_from_db()
    assert (former.role, former.end_code) == (Authorization.Role.OLD, "REPLACED")
    assert Command.objects.get(kind="log_out").payload == {"authorization": former.pk}
    assert AuthorizationSecret.objects.filter(authorization=former).exists(), "needed to log out"
    assert not Session.objects.filter(pk=place).exists()
    assert SignInAttempt.objects.get(pk=attempt.pk).session_id == known.pk
    state = UpdateState.objects.get(session=known)
    assert (state.pts, state.qts, state.seq, state.date) == (500, 0, 0, 1), "a key's own begin anew"
    assert ChannelState.objects.get(session=known).pts == 7
    known.refresh_from_db()
    assert (known.name, known.status) == ("Known", SessionStatus.CONNECTING)


def test_signing_a_known_account_in_again_needs_its_manager(
    account: Account, staff: Callable[..., User], grant: Callable[..., SessionGrant]
) -> None:
    known = account()
    operator, manager = staff("operator", "add_account"), staff("manager")
    grant(operator, known, Role.OPERATOR)
    grant(manager, known, Role.MANAGER)
    with pytest.raises(rights.Forbidden):
        signin.start(operator, "", known.phone, session=known)
    attempt = signin.start(manager, "", known.phone, session=known)
    assert attempt.session == known


def test_another_account_than_asked_for_is_logged_out_again(admin: User, account: Account) -> None:
    known = account("Known", status=SessionStatus.NEEDS_SIGN_IN)
    attempt = signin.start(admin, "", PHONE, session=known)
    signin.code_sent(attempt.pk, key(), Sent())
    signin.signed_in(attempt.pk, key(9), profile(4242))
    attempt.refresh_from_db()
    assert (attempt.step, attempt.error_code) == (SignInStep.FAILED, "ACCOUNT_MISMATCH")
    assert Command.objects.filter(kind="log_out").count() == 1
    known.refresh_from_db()
    assert known.status == SessionStatus.NEEDS_SIGN_IN
    assert Authorization.objects.get(role=Authorization.Role.CURRENT).session == known


def test_a_disabled_account_stays_disabled(starter: User, account: Account) -> None:
    known = account(telegram_user_id=77, enabled=False, status=SessionStatus.DISABLED)
    SessionGrant.objects.create(session=known, user=starter, role=Role.MANAGER)
    with pytest.raises(UserError):
        signin.start(User.objects.create_superuser("boss"), "", known.phone, session=known)
    attempt = at_code(starter)
    signin.signed_in(attempt.pk, key(9), profile())
    known.refresh_from_db()
    assert (known.enabled, known.status) == (False, SessionStatus.DISABLED)


def test_signing_a_known_account_in_again_gives_no_right_back(admin: User, starter: User, account: Account) -> None:
    known = account("Known")
    taken = SessionGrant.objects.create(session=known, user=starter, role=Role.MANAGER)
    attempt = signin.start(starter, "", known.phone, session=known)
    signin.code_sent(attempt.pk, key(), Sent())
    taken.delete()
    settle_all()
    signin.submit_code(admin, attempt, "12345")
    signin.signed_in(attempt.pk, key(9), profile(known.telegram_user_id or 0))
    assert SignInAttempt.objects.get(pk=attempt.pk).step == SignInStep.DONE
    assert not SessionGrant.objects.filter(user=starter).exists()
