"""Signing in where Telegram sends the code to a login email, or wants one first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from apps.sessions.models import Session
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInStep
from apps.signin.selectors import how_it_came
from tests.gateway.conftest import PHONE
from tests.kit.threads import GatewayThread, SandboxThread, at_step, ready
from tests.kit.waiting import eventually
from tgadmin.core.errors import UserError

EMAIL = "support@example.org"


def answered(attempt: SignInAttempt) -> SignInAttempt:
    def is_settled() -> bool:
        attempt.refresh_from_db()
        return not attempt.busy

    eventually(is_settled)
    return attempt


def test_by_a_code_that_came_there(
    user: User, gateway: GatewayThread, dc: SandboxThread, person: Callable[..., int]
) -> None:
    person("Support", PHONE, login_email=EMAIL)
    attempt = at_step(signin.start(user, "Support", PHONE), SignInStep.CODE)
    assert (attempt.code_via, attempt.code_length) == ("email_code", 6)
    assert how_it_came(attempt) == "to the account's login email (s*****t@example.org)"
    code = dc.code(PHONE)
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    assert answered(signin.submit_code(user, attempt, wrong)).error_code == "PHONE_CODE_INVALID"
    signin.submit_code(user, attempt, code)
    ready(Session.objects.get(pk=at_step(attempt, SignInStep.DONE).session_id))


def test_with_one_that_is_set_up_on_the_way(
    user: User, gateway: GatewayThread, dc: SandboxThread, person: Callable[..., int]
) -> None:
    person("Support", PHONE, needs_login_email=True)
    attempt = at_step(signin.start(user, "Support", PHONE), SignInStep.EMAIL)
    with pytest.raises(UserError) as refused:
        signin.submit_email(user, attempt, "no address")
    assert refused.value.code == "EMAIL_INVALID"
    signin.submit_email(user, attempt, "\u200bwrong@example.org ")
    at_step(attempt, SignInStep.CODE)
    assert how_it_came(attempt) == "to the new login email (w***g@example.org)"
    signin.resend(user, attempt)  # not this address
    assert attempt.step == SignInStep.CODE  # as it was read
    attempt.refresh_from_db()
    assert attempt.step == SignInStep.EMAIL
    signin.submit_email(user, attempt, EMAIL)
    at_step(attempt, SignInStep.CODE)
    proof = dc.code(PHONE, 2)
    wrong = proof[:-1] + str((int(proof[-1]) + 1) % 10)
    assert answered(signin.submit_code(user, attempt, wrong)).error_code == "CODE_INVALID"
    signin.submit_code(user, attempt, proof)
    eventually(lambda: answered(attempt).code_via == "email_code")
    signin.submit_code(user, attempt, dc.code(PHONE, 3))
    ready(Session.objects.get(pk=at_step(attempt, SignInStep.DONE).session_id))
