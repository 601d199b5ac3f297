"""The admin in Chromium: nothing that axe finds wrong, nothing wider than its window, no complaint of the console."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.chats.models import Chat, Message, Peer
from apps.commands.models import Command, FloodWait, Lease, Node
from apps.sessions.models import Device, Session, SessionEvent, SessionStatus
from apps.signin.models import SignInAttempt
from tests.e2e.conftest import Pages
from tests.kit.admin_lists import ALL, address

pytestmark = pytest.mark.browser

NASTY = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture
def session(admin_user: User) -> Session:
    """An account with one of everything, its names hostile."""
    session = Session.objects.create(
        name=NASTY[:64],
        network="production",
        telegram_user_id=77,
        phone="4915123454063",
        profile_name=NASTY,
        status=SessionStatus.NEEDS_SIGN_IN,
        status_code="SESSION_REVOKED",
    )
    node = Node.objects.create(id=uuid.uuid4(), name="gw", host="here", pid=1, pid_started=1.0)
    Lease.objects.update_or_create(session=session, defaults={"owner": node, "fence": 1})
    SessionEvent.objects.create(session=session, kind="signed_in", user=admin_user)
    Command.objects.create(session=session, kind="dialogs", lane="account", created_by=admin_user)
    SignInAttempt.objects.create(session=session, phone=session.phone, started_by=admin_user)
    until = timezone.now() + timedelta(hours=1)
    FloodWait.objects.create(session=session, method="messages.sendMessage", until=until, code="FLOOD_WAIT")
    chat = Chat.objects.create(session=session, peer_id=5, kind="user", title=NASTY, last_message_text=NASTY)
    Message.objects.create(chat=chat, session_id=session.pk, telegram_id=1, text=NASTY)
    Peer.objects.create(session=session, peer_id=5, kind="user", name=NASTY)
    for number, ours in enumerate((True, False)):
        Device.objects.create(
            session=session, hash=number, is_ours=ours, device_model=NASTY, platform="Android", app_name=NASTY,
            ip="203.0.113.7", country="Germany", signed_in_at=timezone.now(), active_at=timezone.now(),
            noticed_at=None if ours else timezone.now(),
        )  # fmt: skip
    return session


def addresses(session: Session) -> list[str]:
    return [
        "/admin/",
        *(address(model) for model in ALL),
        f"/admin/tg_sessions/session/{session.pk}/change/",
        f"/admin/tg_sessions/session/{session.pk}/proxy/",
        f"/admin/tg_sessions/session/{session.pk}/devices/",
        "/admin/tg_sessions/session/import/",
        "/admin/tg_sessions/session/sign-in/",
    ]


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (360, False), (360, True)])
def test_pages_are_sound(
    open_page: Pages, admin_user: User, session: Session, axe: Callable[[Page], list[str]], width: int, dark: bool
) -> None:
    page = open_page("/admin/", user=admin_user, width=width, dark=dark)
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for one in addresses(session):
        response = page.goto(one)
        assert response is not None, one
        assert response.status == 200, one
        expect(page.get_by_role("main")).to_be_visible()
        assert axe(page) == [], one
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), one


def test_a_dialog_asks_before_anything_changes(open_page: Pages, admin_user: User, session: Session) -> None:
    page = open_page(f"/admin/tg_sessions/session/{session.pk}/change/", user=admin_user)
    page.get_by_label("More actions").click()
    page.get_by_role("link", name="Disable").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"Disable {session.name}?")
    assert Session.objects.get().enabled
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_text("The account is disabled.")).to_be_visible()
    assert not Session.objects.get().enabled


def test_a_phone_is_revealed_in_its_dialog(open_page: Pages, admin_user: User, session: Session) -> None:
    page = open_page(f"/admin/tg_sessions/session/{session.pk}/change/", user=admin_user)
    assert session.phone not in page.content()
    page.get_by_role("link", name="Reveal phone").click()
    page.get_by_role("button", name="Reveal", exact=True).click()
    expect(page.get_by_text("+49 1512 3454063")).to_be_visible()
    assert SessionEvent.objects.filter(kind="phone_revealed", user=admin_user).count() == 1


def test_times_are_said_in_the_viewers_zone(open_page: Pages, admin_user: User, session: Session) -> None:
    noon = timezone.now().replace(month=1, hour=12, minute=0, second=0)
    Session.objects.update(last_update_at=noon.replace(year=noon.year - 1))
    page = open_page("/admin/tg_sessions/session/", user=admin_user, zone="Asia/Tokyo")
    shown = page.locator(f"time[datetime^='{noon.year - 1}-01']").first
    expect(shown).to_have_attribute("title", re.compile("21:00:00"))
