"""Devices through the gateway: the list, a stranger noticed at once, ending one and all others, the 24-hour rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from telethon.tl import functions

from apps.commands.models import Command
from apps.sessions import selectors
from apps.sessions.models import Device, Session, SessionEvent
from apps.sessions.services import devices
from tests.gateway.conftest import PHONE
from tests.kit.threads import GatewayThread, Phone, SandboxThread, ready, sign_in
from tests.kit.waiting import eventually
from tgadmin.core.errors import TelegramError, UserError


@pytest.fixture
def phone(dc: SandboxThread) -> Iterator[Callable[[], Phone]]:
    """Another device of the account, signed in now."""
    made: list[Phone] = []

    def make() -> Phone:
        sent = sum(PHONE in line for line in dc.codes_path.read_text().splitlines())
        made.append(Phone(dc.network).sign_in(PHONE, lambda: dc.code(PHONE, sent + 1)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def looked_at(session: Session) -> Session:
    def done() -> bool:
        session.refresh_from_db()
        return session.devices_at is not None

    eventually(done)
    return session


def settled(command: Command) -> Command:
    def over() -> bool:
        command.refresh_from_db()
        return command.state not in (Command.State.QUEUED, Command.State.CLAIMED)

    eventually(over)
    return command


def season(dc: SandboxThread, session: Session) -> None:
    """Our authorization was made yesterday."""

    def age() -> None:
        for key in dc.server.keys_of(session.telegram_user_id):
            if key.device_model == "tgadmin" and key.id == mine:
                key.extra = {**key.extra, "signed_in": int(dc.server.clock()) - 90_000}

    mine = session.authorizations.get(role="current").key_id
    dc.call(age)
    devices.refresh_soon(session.pk)
    settled(session.commands.filter(kind="devices").latest("id"))


def test_looked_at_after_the_sign_in(user: User, dc: SandboxThread, session: Session) -> None:
    looked_at(session)
    only = Device.objects.get(session=session)
    assert (only.is_current, only.is_ours, only.is_strange, only.device_model) == (True, True, False, "tgadmin")
    assert session.authorization_ttl_days == 183
    life = selectors.life(session)
    assert life["expires_at"] - life["used_at"] == timedelta(days=183)
    assert not SessionEvent.objects.filter(kind="device_new").exists()


def test_a_device_that_nobody_here_added_is_noticed_at_once(
    user: User, dc: SandboxThread, session: Session, phone: Callable[[], Phone]
) -> None:
    """updateNewAuthorization: https://core.telegram.org/constructor/updateNewAuthorization"""
    looked_at(session)
    other = phone()
    stranger = eventually(lambda: Device.objects.filter(session=session, noticed_at__isnull=False).first())
    assert (stranger.is_strange, stranger.is_unconfirmed, stranger.api_id) == (True, True, 2040)
    event = SessionEvent.objects.get(session=session, kind="device_new")
    assert event.detail == {"device": stranger.label, "where": "127.0.0.1", "pending": False}
    devices.acknowledge(user, session, stranger.hash)
    stranger.refresh_from_db()
    assert (stranger.is_strange, stranger.known_by) == (False, user)
    settled(devices.refresh(user, session))
    assert SessionEvent.objects.filter(session=session, kind="device_new").count() == 1
    other(functions.auth.LogOutRequest())
    settled(devices.refresh(user, session))
    assert SessionEvent.objects.filter(session=session, kind="device_gone").count() == 1
    assert Device.objects.filter(session=session).count() == 1


def test_what_was_there_before_us_is_taken_as_it_is_found(
    user: User, dc: SandboxThread, gateway: GatewayThread, person: Callable[..., int], phone: Callable[[], Phone]
) -> None:
    person("Support", PHONE)
    dc.codes_path.touch()
    phone()
    session = looked_at(sign_in(user, dc, PHONE))
    before = Device.objects.exclude(hash=0).get(session=session)
    assert (before.is_ours, before.is_strange) == (False, False)
    assert not SessionEvent.objects.filter(kind="device_new").exists()


def test_the_24_hours_are_said_and_obeyed(
    user: User, dc: SandboxThread, session: Session, phone: Callable[[], Phone]
) -> None:
    looked_at(session)
    phone()
    other = eventually(lambda: Device.objects.filter(session=session).exclude(hash=0).first())
    for ask in (
        lambda: devices.end(user, session, other.hash),
        lambda: devices.end_others(user, session),
        lambda: devices.set_ttl(user, session, 30),
    ):
        with pytest.raises(UserError) as refused:
            ask()
        assert refused.value.code == "FRESH_RESET_AUTHORISATION_FORBIDDEN"
        assert refused.value.until is not None
        assert timedelta(hours=23) < refused.value.until - timezone.now() <= timedelta(hours=24)
    # Telegram's own word counts where ours is wrong.
    Device.objects.filter(session=session, hash=0).update(signed_in_at=timezone.now() - timedelta(days=2))
    command = settled(devices.end(user, session, other.hash))
    assert (command.state, command.error_code) == ("failed", "FRESH_RESET_AUTHORISATION_FORBIDDEN")
    assert SessionEvent.objects.filter(session=session, kind="devices_refused").exists()


def test_ending_one_and_all_others_and_the_ttl(
    user: User, dc: SandboxThread, session: Session, phone: Callable[[], Phone]
) -> None:
    looked_at(session)
    first, second = phone(), phone()
    eventually(lambda: Device.objects.filter(session=session).count() == 3)
    season(dc, session)
    assert devices.may_end_at(session) is None
    one = Device.objects.filter(session=session).exclude(hash=0).order_by("signed_in_at", "id").first()
    assert one is not None
    assert settled(devices.end(user, session, one.hash)).state == "done"
    assert Device.objects.filter(session=session).count() == 2
    assert settled(devices.set_ttl(user, session, 30)).state == "done"
    session.refresh_from_db()
    assert session.authorization_ttl_days == 30
    dc.faults("drop_reply", "auth.resetAuthorizations")
    assert settled(devices.end_others(user, session)).state == "done"
    assert [device.hash for device in Device.objects.filter(session=session)] == [0]
    for ended in (first, second):
        with pytest.raises(TelegramError):
            ended(functions.account.GetAuthorizationsRequest())
    ready(session)
    kinds = set(SessionEvent.objects.filter(session=session).values_list("kind", flat=True))
    assert {"device_ended", "devices_ended", "devices_ttl", "device_gone"} <= kinds


def test_our_own_new_key_is_no_stranger(user: User, dc: SandboxThread, session: Session) -> None:
    looked_at(session)
    sign_in(user, dc, PHONE)
    eventually(lambda: session.authorizations.filter(secret_row__isnull=False).count() == 1)
    settled(devices.refresh(user, session))
    assert not Device.objects.filter(session=session, noticed_at__isnull=False).exists()
    assert not SessionEvent.objects.filter(session=session, kind="device_new").exists()


def test_the_schedule_looks_at_what_is_stale(user: User, dc: SandboxThread, session: Session) -> None:
    looked_at(session)
    assert devices.refresh_stale() == 0
    Session.objects.update(devices_at=timezone.now() - timedelta(days=1))
    assert devices.refresh_stale() == 1
    assert devices.refresh_stale() == 0
    eventually(lambda: Session.objects.get().devices_at > timezone.now() - timedelta(minutes=5))
