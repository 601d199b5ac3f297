"""The page of an account's devices: for managers, each thing with a press, the 24 hours said with their end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from apps.commands.command_kinds import DEVICES_LANE
from apps.commands.models import Command
from apps.sessions.models import Device, Session, SessionEvent, SessionGrant
from apps.sessions.services import devices
from apps.staff.roles import Role
from tgadmin.core import types

As = Callable[[User], Client]
NOW = timezone.now()


def seen(hash: int, *, days: float = 2, api_id: int = 1, model: str = "tgadmin", **facts: bool) -> types.Device:  # noqa: A002
    """A device that signed in so many days ago."""
    at = NOW - timedelta(days=days)
    return types.Device(
        hash, model, "Linux", "6.1", "App", "1.0", api_id, "192.0.2.7", "Germany", "Berlin", at, at, **facts
    )


@pytest.fixture
def session(account: Callable[..., Session]) -> Session:
    session = account("Support")
    session.authorizations.update(created_at=NOW - timedelta(days=2))
    devices.record(session.pk, types.Devices(183, (seen(0), seen(11, api_id=7, model="<b>Phone</b>"))))
    return session


@pytest.fixture
def manager(staff: Callable[..., User], session: Session) -> User:
    user = staff("marta")
    SessionGrant.objects.create(session=session, user=user, role=Role.MANAGER)
    return user


@pytest.fixture
def client(manager: User, signed_in_as: As) -> Client:
    return signed_in_as(manager)


def address(session: Session) -> str:
    return f"/admin/tg_sessions/session/{session.pk}/devices/"


def page(client: Client, session: Session) -> str:
    answer = client.get(address(session))
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, session: Session, action: str, **fields: object) -> int:
    return client.post(address(session), {"action": action, **fields}).status_code


def asked() -> list[str]:
    return list(Command.objects.filter(lane=DEVICES_LANE.of()).order_by("id").values_list("kind", flat=True))


def test_the_list(client: Client, session: Session) -> None:
    shown = page(client, session)
    assert "This installation" in shown
    assert "&lt;b&gt;Phone&lt;/b&gt;" in shown
    assert "Germany" in shown
    assert "183 days" in shown
    assert "not added here" not in shown
    assert "24 hours" not in shown


@pytest.mark.parametrize(("days", "waits"), [(0.1, True), (6.9, True), (7.1, False)])
def test_an_unconfirmed_login_is_marked_for_a_week(client: Client, session: Session, days: float, waits: bool) -> None:
    """Telegram confirms it by itself then, and sends no update."""
    devices.record(session.pk, types.Devices(183, (seen(0), seen(22, days=days, is_unconfirmed=True))))
    assert ("Not confirmed by its owner yet" in page(client, session)) is waits


def test_a_stranger_is_shown_on_both_pages_until_somebody_knows_it(
    client: Client, session: Session, manager: User
) -> None:
    found = (seen(0), seen(11, api_id=7, model="Phone"), seen(22, days=0.1, api_id=7, model="Canary"))
    devices.record(session.pk, types.Devices(183, found))
    stranger = Device.objects.get(session=session, hash=22)
    for shown in (
        page(client, session),
        client.get(f"/admin/tg_sessions/session/{session.pk}/change/").content.decode(),
    ):
        assert "not added here" in shown
        assert "Canary" in shown
    assert press(client, session, "known", device=stranger.pk) == 302
    assert "not added here" not in page(client, session)
    assert "Marked as known by marta" in page(client, session)
    kinds = list(SessionEvent.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == ["device_new", "device_known"]


def test_each_thing_asks_the_gateway(client: Client, session: Session) -> None:
    other = Device.objects.get(session=session, hash=11)
    assert press(client, session, "refresh") == 302
    assert "Asking Telegram" in page(client, session)
    assert press(client, session, "end", device=other.pk) == 302
    assert press(client, session, "end_others") == 302
    assert press(client, session, "ttl", days=30) == 302
    assert asked() == ["devices", "devices.end", "devices.end_others", "devices.ttl"]
    assert Command.objects.get(kind="devices.end").payload == {"session": session.pk, "hash": 11}
    for wrong in ("0", "367", "", "x", "9" * 30):
        assert press(client, session, "ttl", days=wrong) == 422
    for wrong in ("", "0", "x", "9" * 30, Device.objects.get(session=session, hash=0).pk):
        assert press(client, session, "end", device=wrong) == 422
    assert press(client, session, "nothing") == 400
    assert len(asked()) == 4


def test_within_the_24_hours(client: Client, session: Session) -> None:
    Device.objects.filter(hash=0).update(signed_in_at=NOW - timedelta(hours=1))
    other = Device.objects.get(session=session, hash=11)
    shown = page(client, session)
    until = NOW + timedelta(hours=23)
    assert "only 24 hours after its own sign-in" in shown
    assert f"{until:%Y-%m-%d %H:%M:%S} UTC" in shown
    for action, fields in (("end", {"device": other.pk}), ("end_others", {}), ("ttl", {"days": 5})):
        assert press(client, session, action, **fields) == 422
    assert asked() == []


def test_others_accounts_devices_cannot_be_named(
    client: Client, session: Session, account: Callable[..., Session]
) -> None:
    foreign = account("Other")
    devices.record(foreign.pk, types.Devices(183, (seen(0), seen(33))))
    other = Device.objects.get(session=foreign, hash=33)
    assert press(client, session, "end", device=other.pk) == 422
    assert client.get(address(foreign)).status_code == 404
    assert asked() == []


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.OPERATOR])
def test_it_is_for_managers(role: Role | None, staff: Callable[..., User], session: Session, signed_in_as: As) -> None:
    user = staff("viewer")
    if role is not None:
        SessionGrant.objects.create(session=session, user=user, role=role)
    client = signed_in_as(user)
    refused = 404 if role is None else 403
    for path in (address(session), f"{address(session)}status/"):
        assert client.get(path).status_code == refused
    assert press(client, session, "end_others") == refused
    assert asked() == []


def test_a_device_that_is_gone_and_hostile_texts(session: Session) -> None:
    long = seen(44, days=0.1, api_id=7, model="\u202e" + "x" * 1000)
    devices.record(session.pk, types.Devices(183, (seen(0), long)))
    assert SessionEvent.objects.filter(kind="device_gone").count() == 1
    assert len(Device.objects.get(hash=44).device_model) == 128
    assert Device.objects.filter(session=session).count() == 2


def test_a_former_key_of_ours_is_no_stranger(session: Session) -> None:
    session.authorizations.create(role="old", key_id=5, dc_id=2, created_at=NOW - timedelta(hours=3))
    devices.record(session.pk, types.Devices(183, (seen(0), seen(55, days=0.125))))
    assert Device.objects.get(hash=55).is_ours
    assert not SessionEvent.objects.filter(kind="device_new").exists()
