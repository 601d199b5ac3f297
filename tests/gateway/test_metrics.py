"""What a gateway counts while an account signs in, receives, sends and has to wait."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat, Message
from apps.chats.services import messages
from apps.sessions.models import Session
from tests.kit.threads import GatewayThread, SandboxThread
from tests.kit.waiting import eventually
from tgadmin.core.metrics import MetricName, Registry, Sample

WAIT_SECONDS = 60


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def gateway(start_gateway: Callable[..., GatewayThread], registry: Registry) -> GatewayThread:
    return start_gateway(metrics=registry)


def sample(registry: Registry, name: MetricName, **labels: str) -> Sample | None:
    found = (one for one in registry.snapshot() if one.name is name and dict(one.labels) == labels)
    return next(found, None)


def value(registry: Registry, name: MetricName, **labels: str) -> float:
    found = sample(registry, name, **labels)
    return 0 if found is None else found.value


@pytest.fixture
def anna(session: Session, dc: SandboxThread, person: Callable[..., int]) -> Chat:
    peer_id = person("Anna")
    dc.world("send", peer_id, session.telegram_user_id, "hello")
    return eventually(lambda: Chat.objects.filter(session=session, peer_id=peer_id).first())


def send(user: User, chat: Chat) -> Message:
    return messages.send(user, chat, "how are you?", cid=uuid.uuid4())


def test_commands_by_kind_and_state(user: User, anna: Chat, registry: Registry) -> None:
    assert value(registry, MetricName.COMMANDS, kind="sign_in.send_code", state="done") == 1
    send(user, anna)
    eventually(lambda: value(registry, MetricName.COMMANDS, kind="send", state="done") == 1)
    took = sample(registry, MetricName.COMMAND_MS, kind="send")
    assert took is not None
    assert took.value == 1
    assert 0 < took.total == took.highest
    eventually(lambda: value(registry, MetricName.COMMANDS_RUNNING) == 0)


def test_what_came_in_by_type_and_how_it_was_stored(anna: Chat, registry: Registry) -> None:
    received = value(registry, MetricName.UPDATES_RECEIVED, kind="NewMessage")
    assert received >= 1
    writes, changes = (sample(registry, name) for name in (MetricName.INBOX_WRITE_MS, MetricName.INBOX_BATCH_CHANGES))
    assert writes is not None
    assert changes is not None
    assert writes.value == changes.value >= 1
    assert changes.total >= received


def test_flood_waits_by_method(user: User, dc: SandboxThread, anna: Chat, registry: Registry) -> None:
    method = "messages.sendMessage"
    dc.faults("flood", method, WAIT_SECONDS)
    row = send(user, anna)
    eventually(lambda: Message.objects.filter(pk=row.pk, waits_until__isnull=False).exists())
    assert value(registry, MetricName.FLOOD_WAITS, method=method) == 1
    assert value(registry, MetricName.FLOOD_SECONDS, method=method) == WAIT_SECONDS
    assert value(registry, MetricName.COMMANDS, kind="send", state="done") == 0


def test_connections_to_telegram(session: Session, registry: Registry) -> None:
    assert value(registry, MetricName.TELEGRAM_CONNECTIONS, dc="1", proxied="no") == 1
    took = sample(registry, MetricName.TELEGRAM_CONNECT_MS, dc="1", proxied="no")
    assert took is not None
    assert took.total > 0
