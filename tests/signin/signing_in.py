"""Sign-ins at each step; Telegram's answers are given as the gateway gives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.commands.models import Command, CommandSecret
from apps.commands.services import commands
from apps.sessions.models import Session
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInSecret
from tests.kit.accounts import key

PHONE = "+49 151 234 56789"
DIGITS = "4915123456789"
Account = Callable[..., Session]


@dataclass
class Sent:
    hash: str = "hash-1"
    via: str = "app"
    length: int | None = 5
    next_via: str = "sms"
    resend_after: int | None = 60
    hint: str = ""


@pytest.fixture
def starter(staff: Callable[..., User]) -> User:
    return staff("starter", "add_account")


def settle_all() -> None:
    """What the gateway does with commands when it has answered them."""
    for command in Command.objects.filter(state__in=commands.OPEN):
        commands.settle(command, Command.State.DONE)


def queued(attempt: SignInAttempt) -> list[str]:
    rows = Command.objects.filter(lane=f"sign-in:{attempt.pk}", state=Command.State.QUEUED)
    return list(rows.values_list("kind", flat=True))


def at_code(user: User, **facts: Any) -> SignInAttempt:
    attempt = signin.start(user, "Support", PHONE)
    signin.code_sent(attempt.pk, key(), Sent(**facts))
    settle_all()
    attempt.refresh_from_db()
    return attempt


def at_password(user: User) -> SignInAttempt:
    attempt = at_code(user)
    signin.submit_code(user, attempt, "12345")
    signin.password_needed(attempt.pk, key(), "the usual")
    settle_all()
    attempt.refresh_from_db()
    return attempt


def no_secrets() -> bool:
    return not SignInSecret.objects.exists() and not CommandSecret.objects.exists()
