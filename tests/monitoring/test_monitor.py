"""`manage.py monitor status`: gateways, their sessions, load and version; what no gateway holds."""

from __future__ import annotations

import io
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.chats.models import Gap, UnreadableUpdate
from apps.commands.models import Command, Lease, Node
from apps.monitoring import nodes
from apps.sessions.models import Authorization, AuthorizationSecret, Session

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def network(settings: Any) -> None:
    settings.TELEGRAM_NETWORK = "monitor-test"


def node(name: str, version: str, *, silent: bool = False) -> Node:
    beat_at = timezone.now() - timedelta(minutes=5 if silent else 0)
    return Node.objects.create(
        id=uuid.uuid4(), name=name, host="h", pid=7, pid_started=1.0, version=version, capacity=4, beat_at=beat_at
    )


def account(number: int, owner: Node | None, status: str = "ready") -> Session:
    session = Session.objects.create(name=f"s{number}", network="monitor-test", telegram_user_id=number, status=status)
    authorization = Authorization.objects.create(session=session, key_id=number, dc_id=1)
    AuthorizationSecret.objects.create(authorization=authorization, secret={})
    Lease.objects.update_or_create(session=session, defaults={"owner": owner, "fence": 3})
    return session


def scene() -> None:
    old, new = node("old", "0.1.0"), node("new", "0.2.0")
    gone = node("silent", "0.0.9", silent=True)
    first = account(1, old)
    account(2, old, "connecting")
    account(3, new)
    account(4, gone, "disconnected")
    account(5, None, "disconnected")
    for fence, state in ((3, "claimed"), (2, "claimed"), (3, "queued"), (3, "done")):
        Command.objects.create(session=first, kind="send", lane="chat:1", state=state, fence=fence)
    Gap.objects.create(session=first, low_pts=1, high_pts=2, how="fetched")
    Gap.objects.create(session=first, low_pts=2, high_pts=3, how="difference", closed_at=timezone.now())
    UnreadableUpdate.objects.create(session=first, kind="x", reason="y", data=b"z")


def run(*options: str) -> str:
    out = io.StringIO()
    call_command("monitor", "status", *options, stdout=out)
    return out.getvalue()


def test_json_names_every_gateway_with_its_load() -> None:
    scene()
    found = json.loads(run("--json"))
    facts = ("name", "version", "alive", "sessions", "ready", "running", "load")
    assert [tuple(one[fact] for fact in facts) for one in found["nodes"]] == [
        ("new", "0.2.0", True, 1, 1, 0, 0.25),
        ("old", "0.1.0", True, 2, 1, 1, 0.5),
        ("silent", "0.0.9", False, 1, 0, 0, 0.25),
    ]
    assert found["versions"] == ["0.1.0", "0.2.0"]
    assert (found["unheld"], found["waiting"], found["open_gaps"], found["unreadable"]) == (1, 3, 1, 1)


def test_people_read_the_same() -> None:
    scene()
    shown = run()
    assert "2 of 4" in shown
    assert "silent" in shown
    assert "Versions side by side: 0.1.0, 0.2.0." in shown
    assert "Accounts that no gateway holds: 1." in shown


def test_without_a_gateway_it_fails() -> None:
    with pytest.raises(SystemExit) as failed:
        run()
    assert failed.value.code == 1


def test_the_number_of_queries_does_not_grow(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(5):
        nodes.status()
    scene()
    with django_assert_num_queries(5):
        nodes.status()


def test_a_gateway_that_hands_its_sessions_over_says_so() -> None:
    scene()
    Node.objects.filter(name__in=("old", "silent")).update(stopping=True)
    states = {line.split()[0]: line.split()[4] for line in run().splitlines()[1:4]}
    assert states == {"old": "stopping", "new": "alive", "silent": "silent"}
    assert {one["name"]: one["stopping"] for one in json.loads(run("--json"))["nodes"]}["old"] is True
