"""Telegram has let an account in: whatever is refused right after it, the account is in, and no key is left behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from apps.sessions.models import Session
from apps.signin import services as signin
from apps.signin.models import SignInStep
from tests.gateway.conftest import PHONE
from tests.kit.threads import GatewayThread, SandboxThread, at_step, ready

AFTERWARDS = [
    ("flood", "messages.getDialogs"), ("flood", "updates.getState"), ("flood", "account.getAuthorizations"),
    ("error", "messages.getDialogs"), ("error", "updates.getState"), ("drop_reply", "messages.getDialogs"),
    ("drop_reply", "updates.getState"),
]  # fmt: skip


def refuse(dc: SandboxThread, how: str, method: str) -> None:
    arguments = {"flood": (2,), "error": (500, "INTERNAL"), "drop_reply": ()}[how]
    dc.faults(how, method, *arguments)


def keys_of(dc: SandboxThread, phone: str = PHONE) -> int:
    return len(dc.call(lambda: dc.server.keys_of(dc.server.world.accounts.by_phone(phone).user_id)))


@pytest.mark.parametrize(("how", "method"), AFTERWARDS)
@pytest.mark.parametrize("password", ["", "correct horse"])
def test_what_is_refused_right_after_it(
    how: str,
    method: str,
    password: str,
    user: User,
    dc: SandboxThread,
    gateway: GatewayThread,
    person: Callable[..., int],
) -> None:
    person("Support", PHONE, **({"password": password} if password else {}))
    attempt = at_step(signin.start(user, "Support", PHONE), SignInStep.CODE)
    code = dc.code(PHONE)
    if password:
        signin.submit_code(user, attempt, code)
        at_step(attempt, SignInStep.PASSWORD)
        refuse(dc, how, method)
        signin.submit_password(user, attempt, password)
    else:
        refuse(dc, how, method)
        signin.submit_code(user, attempt, code)
    at_step(attempt, SignInStep.DONE)
    assert attempt.error_code == ""
    ready(Session.objects.get(pk=attempt.session_id))
    assert keys_of(dc) == 1


def test_the_hint_is_no_condition(
    user: User, dc: SandboxThread, gateway: GatewayThread, person: Callable[..., int]
) -> None:
    """The code was right, whatever is answered to the question for the password's hint."""
    person("Support", PHONE, password="correct horse", hint="four words")
    attempt = at_step(signin.start(user, "Support", PHONE), SignInStep.CODE)
    dc.faults("flood", "account.getPassword", 30)
    signin.submit_code(user, attempt, dc.code(PHONE))
    at_step(attempt, SignInStep.PASSWORD)
    assert (attempt.error_code, attempt.password_hint) == ("", "")
    signin.submit_password(user, attempt, "correct horse")
    ready(Session.objects.get(pk=at_step(attempt, SignInStep.DONE).session_id))
