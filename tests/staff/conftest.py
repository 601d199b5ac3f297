"""People with and without a second factor."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_otp.oath import TOTP

from apps.staff.models import Authenticator, AuthenticatorSecret
from apps.staff.services import second_factor
from tests.kit.confirmed import confirmed

PASSWORD = "a-long-password-1"


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def marta(db: None) -> User:
    return User.objects.create_user("marta", password=PASSWORD, is_staff=True)


def code(authenticator: Authenticator, steps: int = 0) -> str:
    """What the app shows now, or so many half minutes later."""
    totp = TOTP(AuthenticatorSecret.objects.get(authenticator=authenticator).key)
    totp.time = time.time() + steps * 30
    return f"{totp.token():06d}"


def next_code(authenticator: Authenticator) -> str:
    """A code that is good though one was just used: the next step's."""
    return code(authenticator, 1)


def equip(user: User) -> tuple[Authenticator, list[str]]:
    """A second factor for the user, and its recovery codes."""
    begun = second_factor.begin(user)
    done = second_factor.confirm(user, code(begun), keep=None)
    assert done is not None
    return Authenticator.objects.get(user=user, confirmed=True), done[1]


Password = Callable[..., Client]
"""(user, address, confirm=False): with ``confirm`` its user has shown again that it is them."""


@pytest.fixture
def with_password() -> Password:
    """A browser that has given a right password."""

    def sign_in(user: User, address: str = "192.0.2.1", *, confirm: bool = False) -> Client:
        client = Client(REMOTE_ADDR=address)
        answer = client.post("/admin/login/?next=/admin/", {"username": user.get_username(), "password": PASSWORD})
        assert answer.status_code == 302
        return confirmed(client) if confirm else client

    return sign_in
