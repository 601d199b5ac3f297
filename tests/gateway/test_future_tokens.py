"""An account that was logged out is signed in again without a code, by what Telegram gave for that.

https://core.telegram.org/api/auth#future-auth-tokens
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from apps.commands.models import Command
from apps.sessions.models import FutureAuthToken, Session, SessionGrant
from apps.sessions.services import future_tokens, sessions
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInSecret, SignInStep
from apps.staff.roles import Role
from tests.gateway.conftest import PHONE
from tests.kit.threads import GatewayThread, SandboxThread, at_step, ready, sign_in
from tests.kit.waiting import eventually

PASSWORD = "correct horse"


def logged_out(user: User, dc: SandboxThread, **options: str) -> Session:
    """An account that its manager has logged out."""
    session = sign_in(user, dc, PHONE, **options)
    FutureAuthToken.objects.all().delete()
    sessions.log_out(user, session)
    eventually(lambda: FutureAuthToken.objects.filter(session=session).exists())
    session.refresh_from_db()
    return session


def codes(dc: SandboxThread) -> int:
    return len(dc.call(dc.server.record.uses_of, "auth.sendCode"))


def keys(dc: SandboxThread, session: Session) -> int:
    return len(dc.call(dc.server.keys_of, session.telegram_user_id))


@pytest.fixture
def support(gateway: GatewayThread, person: Callable[..., int]) -> int:
    return person("Support", PHONE)


def test_the_number_is_enough(user: User, dc: SandboxThread, support: int) -> None:
    session = logged_out(user, dc)
    attempt = at_step(signin.start(user, "", PHONE, session=session), SignInStep.DONE)
    assert attempt.session_id == session.pk
    ready(session)
    assert keys(dc, session) == 1
    assert not SignInSecret.objects.exists()


def test_a_managers_new_sign_in_of_that_number_too(user: User, dc: SandboxThread, support: int) -> None:
    session = logged_out(user, dc)
    attempt = at_step(signin.start(user, "Again", PHONE), SignInStep.DONE)
    assert attempt.session_id == session.pk


def test_a_user_who_does_not_manage_it_is_sent_a_code(user: User, dc: SandboxThread, support: int) -> None:
    session = logged_out(user, dc)
    adder = User.objects.create_user("adder", is_staff=True)
    adder.user_permissions.add(Permission.objects.get(codename="add_account"))
    SessionGrant.objects.create(session=session, user=adder, role=Role.OPERATOR)
    adder = User.objects.get(pk=adder.pk)
    at_step(signin.start(adder, "Mine", PHONE), SignInStep.CODE)
    assert future_tokens.of(session.pk) != []


def test_the_cloud_password_is_asked_for_all_the_same(
    user: User, dc: SandboxThread, gateway: GatewayThread, person: Callable[..., int]
) -> None:
    person("Support", PHONE, password=PASSWORD, hint="four words")
    session = logged_out(user, dc, password=PASSWORD)
    attempt = at_step(signin.start(user, "", PHONE, session=session), SignInStep.PASSWORD)
    assert attempt.password_hint == "four words"
    signin.submit_password(user, attempt, PASSWORD)
    at_step(attempt, SignInStep.DONE)
    ready(session)


def test_what_telegram_does_not_take_is_forgotten_and_a_code_comes(user: User, dc: SandboxThread, support: int) -> None:
    session = logged_out(user, dc)
    FutureAuthToken.objects.all().delete()
    future_tokens.keep(session.pk, b"of another time")
    attempt = at_step(signin.start(user, "", PHONE, session=session), SignInStep.CODE)
    assert not FutureAuthToken.objects.exists()
    signin.submit_code(user, attempt, dc.code(PHONE, 2))
    at_step(attempt, SignInStep.DONE)


def test_an_answer_that_is_lost_leaves_no_key_behind(user: User, dc: SandboxThread, support: int) -> None:
    session = logged_out(user, dc)
    dc.faults("drop_reply", "auth.sendCode")
    at_step(signin.start(user, "", PHONE, session=session), SignInStep.DONE)
    ready(session)
    assert keys(dc, session) == 1


def test_a_kill_after_it_leaves_no_key_behind(
    user: User,
    dc: SandboxThread,
    support: int,
    gateway: GatewayThread,
    start_gateway: Callable[..., GatewayThread],
) -> None:
    """What was in is found by its key, which was stored before it was used."""
    session = logged_out(user, dc)
    dc.faults("drop_reply", "auth.sendCode")
    attempt = signin.start(user, "", PHONE, session=session)
    eventually(lambda: keys(dc, session) == 1)
    gateway.stop()
    start_gateway()
    at_step(attempt, SignInStep.DONE)
    assert keys(dc, session) == 1


def test_the_newest_twenty_are_kept_and_none_for_ever(user: User, dc: SandboxThread, support: int) -> None:
    session = logged_out(user, dc)
    for number in range(25):
        future_tokens.keep(session.pk, bytes([number]))
    assert future_tokens.of(session.pk) == [bytes([number]) for number in range(24, 4, -1)]
    FutureAuthToken.objects.update(created_at=timezone.now() - timedelta(days=181))
    assert future_tokens.of(session.pk) == []


def test_an_account_that_was_turned_away_leaves_no_token(
    user: User, dc: SandboxThread, support: int, person: Callable[..., int]
) -> None:
    """Its key is logged out; what Telegram gives then is for another account."""
    other = "491511111111"
    person("Other", other)
    session = sign_in(user, dc, PHONE)
    FutureAuthToken.objects.all().delete()
    attempt = at_step(signin.start(user, "", other, session=session), SignInStep.CODE)
    signin.submit_code(user, attempt, dc.code(other))
    eventually(lambda: SignInAttempt.objects.get(pk=attempt.pk).error_code == "ACCOUNT_MISMATCH")
    eventually(lambda: not Command.objects.filter(kind="log_out", state__in=("queued", "claimed")).exists())
    assert not FutureAuthToken.objects.exists()
