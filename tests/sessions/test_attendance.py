"""An account that no gateway looks after is not shown as ready, wherever a status is shown."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.chats.selectors import live, sessions
from apps.commands.models import Lease, Node
from apps.sessions import attendance, selectors
from apps.sessions.models import Session, SessionGrant, SessionStatus
from apps.sessions.services import rights
from apps.staff.roles import Role
from tests.kit import world

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(minutes=3)


@pytest.fixture
def session() -> Session:
    return world.make_session(network=settings.TELEGRAM_NETWORK, attended=False)


def node(silent: timedelta = timedelta(0), network: str = "") -> Node:
    return Node.objects.create(
        id=uuid.uuid4(), name="g", host="h", pid=1, pid_started=1.0, beat_at=timezone.now() - silent,
        network=network or settings.TELEGRAM_NETWORK,
    )  # fmt: skip


def held_by(session: Session, owner: Node | None) -> None:
    Lease.objects.update_or_create(session=session, defaults={"owner": owner, "fence": 1})


def shown(session: Session) -> str:
    return attendance.shown_status(Session.objects.get(pk=session.pk))


def test_who_is_held_by_a_living_gateway_is_as_stored(session: Session) -> None:
    held_by(session, node())
    assert shown(session) == "ready"


def test_who_is_held_by_a_silent_one_has_none(session: Session) -> None:
    held_by(session, node(LONG_AGO))
    assert shown(session) == attendance.NO_GATEWAY
    node()  # another lives: it must take the account over first
    assert shown(session) == attendance.NO_GATEWAY


def test_it_is_noticed_before_the_lease_is_over_for_long(session: Session) -> None:
    owner = node(timedelta(seconds=1.5))
    held_by(session, owner)
    assert shown(session) == "ready"
    Node.objects.filter(pk=owner.pk).update(beat_at=timezone.now() - attendance.SILENT)
    assert shown(session) == attendance.NO_GATEWAY


def test_who_is_held_by_none_waits_for_one_that_is_there(session: Session) -> None:
    assert shown(session) == attendance.NO_GATEWAY
    held_by(session, None)
    assert shown(session) == attendance.NO_GATEWAY
    node(network="another")
    assert shown(session) == attendance.NO_GATEWAY
    node()
    assert shown(session) == "ready"


@pytest.mark.parametrize("status", [one for one in SessionStatus if one not in attendance.ATTENDED])
def test_what_no_gateway_is_to_look_after_stays(session: Session, status: SessionStatus) -> None:
    Session.objects.filter(pk=session.pk).update(status=status)
    assert shown(session) == status


def test_a_disabled_account_needs_none(session: Session) -> None:
    Session.objects.filter(pk=session.pk).update(enabled=False)
    assert shown(session) == "ready"


def test_every_place_says_so(session: Session, client: Client) -> None:
    held_by(session, node(LONG_AGO))
    root = User.objects.create_superuser("root", password="a long enough password")
    (facts,) = sessions.payloads([session], {session.pk: Role.MANAGER})
    assert (facts["status"], facts["label"], facts["cause"]) == ("no_gateway", "No gateway", "")
    assert "kept and goes out" in facts["message"]
    assert live.session_facts([session.pk])[session.pk]["status"] == "no_gateway"
    assert selectors.status_counts(Session.objects.all()) == {"no_gateway": 1}
    assert selectors.needing_attention(Session.objects.all()) == [session]
    client.force_login(root)
    for address in (
        reverse("admin:tg_sessions_session_changelist"),
        reverse("admin:tg_sessions_session_change", args=(session.pk,)),
        reverse("admin:index"),
    ):
        page = client.get(address).content.decode()
        assert "No gateway" in page, address
    out = StringIO()
    call_command("session", "list", "--user", "root", "--json", stdout=out)
    assert json.loads(out.getvalue())[0]["status"] == "no_gateway"


def test_pages_hear_of_the_change(session: Session) -> None:
    owner = node()
    held_by(session, owner)
    before = live.session_marks([session.pk])
    Node.objects.filter(pk=owner.pk).update(beat_at=timezone.now() - LONG_AGO)
    assert live.session_marks([session.pk]) != before


def test_whom_to_ask(session: Session) -> None:
    def manager(name: str, **facts: Any) -> None:
        user = User.objects.create_user(name, first_name=name.title(), is_staff=True, **facts)
        SessionGrant.objects.create(session=session, user=user, role=Role.MANAGER)

    assert rights.manager_names([session.pk]) == {}
    for name in ("anna", "ben", "cleo", "dora"):
        manager(name)
    manager("gone", is_active=False)
    operator = User.objects.create_user("oda", is_staff=True)
    SessionGrant.objects.create(session=session, user=operator, role=Role.OPERATOR)
    assert rights.manager_names([session.pk]) == {session.pk: ["Anna", "Ben", "Cleo"]}
