"""A sandbox, a gateway and a signed-in account for the tests of the gateway (see tests/kit/threads.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.sessions.models import Session
from sandbox.protocol.rsa import RsaKey
from tests.kit.threads import NETWORK_NAME, GatewayThread, SandboxThread, sign_in

PHONE = "491511000001"


@pytest.fixture(autouse=True)
def network(settings: Any) -> None:
    settings.TELEGRAM_NETWORK = NETWORK_NAME
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def rsa_key_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One RSA key for all sandboxes of a run: making one takes longer than most tests."""
    path = tmp_path_factory.mktemp("gateway-rsa") / "key.pem"
    path.write_bytes(RsaKey.generate().private_pem)
    return str(path)


@pytest.fixture
def dc(request: pytest.FixtureRequest, rsa_key_path: str, tmp_path: Path) -> Iterator[SandboxThread]:
    """A fresh data centre; as many as the test's module says as DCS."""
    sandbox = SandboxThread(rsa_key_path, tmp_path, dcs=getattr(request.module, "DCS", 1))
    yield sandbox
    sandbox.stop()


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_superuser("root", password="root-password-1")


@pytest.fixture
def start_gateway(transactional_db: None, dc: SandboxThread) -> Iterator[Callable[..., GatewayThread]]:
    """Starts gateways for the data centre; those that still run at the end are stopped."""
    started: list[GatewayThread] = []

    def start(**options: Any) -> GatewayThread:
        gateway = GatewayThread(dc.network, **options)
        started.append(gateway)
        return gateway

    yield start
    for gateway in started:
        if gateway.is_running:
            gateway.stop()


@pytest.fixture
def gateway(start_gateway: Callable[..., GatewayThread]) -> GatewayThread:
    return start_gateway()


@pytest.fixture
def person(dc: SandboxThread) -> Callable[..., int]:
    """Makes an account at Telegram: ``person("Anna")`` gives its user id."""
    numbers = iter(range(491511000100, 491511000199))

    def make(name: str, phone: str = "", **options: Any) -> int:
        return dc.person(name, phone or str(next(numbers)), **options)

    return make


@pytest.fixture
def session(user: User, dc: SandboxThread, gateway: GatewayThread, person: Callable[..., int]) -> Session:
    """An account signed in through the gateway, and ready."""
    person("Support", PHONE)
    return sign_in(user, dc, PHONE)
