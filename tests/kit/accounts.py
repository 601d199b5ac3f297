"""People and accounts, whose fixtures a folder takes into its conftest; keys and profiles as the gateway gives them."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.sessions.models import Authorization, AuthorizationSecret, Session, SessionGrant, SessionStatus
from apps.staff.roles import Role
from tests.kit.confirmed import confirmed
from tgadmin.core.types import Checkpoint, Peer, PeerKind

NUMBERS = itertools.count(1000)
NETWORK = "dc-test"


@pytest.fixture(autouse=True)
def environment(settings: Any) -> None:
    settings.TELEGRAM_NETWORK = NETWORK
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # many users, no time


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("root", password="root-password-1")


@pytest.fixture
def staff(db: None) -> Callable[..., User]:
    """Makes a member of staff: ``staff("marta", "add_account")``."""

    def make(name: str, *permissions: str, **facts: Any) -> User:
        user = User.objects.create_user(name, password="staff-password-1", **({"is_staff": True} | facts))
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        return User.objects.get(pk=user.pk)

    return make


@pytest.fixture
def account(db: None) -> Callable[..., Session]:
    """Makes a signed-in account, its key included."""

    def make(name: str = "Support", **facts: Any) -> Session:
        number = next(NUMBERS)
        defaults = {
            "network": NETWORK,
            "telegram_user_id": number,
            "phone": f"4915123{number:06d}",
            "status": SessionStatus.READY,
        }
        session = Session.objects.create(name=name, **(defaults | facts))
        authorization = Authorization.objects.create(session=session, key_id=number, dc_id=2)
        AuthorizationSecret.objects.create(authorization=authorization, secret=key(number))
        return session

    return make


@pytest.fixture
def grant(db: None) -> Callable[[User, Session, Role], SessionGrant]:
    def make(user: User, session: Session, role: Role) -> SessionGrant:
        return SessionGrant.objects.create(user=user, session=session, role=role)

    return make


@pytest.fixture
def signed_in_as() -> Callable[[User], Client]:
    """A browser whose user has shown again that it is them."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return confirmed(client)

    return make


def key(number: int = 1) -> dict[str, Any]:
    """A key as the gateway hands it over."""
    return {
        "dc_id": 2,
        "server_address": "127.0.0.1",
        "port": 4430,
        "auth_key": base64.b64encode(number.to_bytes(256, "big")).decode(),
    }


def profile(user_id: int = 77, **facts: Any) -> Peer:
    return Peer(id=user_id, kind=PeerKind.USER, name="Marta Lind", access_hash=5, is_self=True, **facts)


CHECKPOINT = Checkpoint(pts=10, qts=2, date=1_700_000_000, seq=3, channels={-1000000000009: 40})
