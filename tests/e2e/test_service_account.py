"""Telegram's own chat in Chromium: a manager has one code shown, on one page; others see nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from apps.chats.models import Chat
from apps.sessions.models import Session, SessionGrant
from apps.staff.models import AuditEntry
from apps.staff.roles import Role
from tests.e2e.chat_page import address, anna, bubble, connected, session
from tests.e2e.conftest import Pages
from tests.kit import world
from tgadmin.core import types
from tgadmin.core.official import SERVICE

__all__ = ["anna", "session"]

pytestmark = pytest.mark.browser

CODE, HIDDEN = "73915", "Login code: •••••."
TEXT = (
    "Login code: {}. Do not give this code to anyone, even if they say they are from Telegram!\n\n"
    "This code can be used to log in to your Telegram account. We never ask it for anything else.\n\n"
    "If you didn't request this code by trying to log in on another device, simply ignore this message."
)


def writes(session: Session, number: int, text: str) -> None:
    message = types.Message(SERVICE, number, datetime.now(UTC), text, SERVICE)
    world.arrive(session, types.NewMessage(message), peers=(types.Peer(SERVICE, types.PeerKind.USER, "Telegram"),))


@pytest.fixture
def notices(session: Session, anna: Chat) -> Chat:
    writes(session, 101, TEXT.format(CODE))
    writes(session, 102, "Welcome to Telegram.")
    return Chat.objects.get(session=session, peer_id=SERVICE)


def colleague(session: Session, role: Role) -> tuple[User, SessionGrant]:
    user = User.objects.create_user(role.label.lower(), password="a long enough password", is_staff=True)
    return user, SessionGrant.objects.create(session=session, user=user, role=role)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1440, 360])
def test_a_manager_has_a_code_shown(
    open_page: Pages, notices: Chat, axe: Callable[[Page], list[str]], width: int, dark: bool
) -> None:
    manager, _ = colleague(notices.session, Role.MANAGER)
    page = connected(open_page(address(notices), user=manager, width=width, height=800, dark=dark))
    other = connected(open_page(address(notices), user=manager))
    notice = bubble(page, HIDDEN)
    expect(notice).to_be_visible()
    expect(bubble(page, "Welcome").get_by_role("button", name="Show code")).to_have_count(0)
    expect(page.locator(".cmp")).to_contain_text("Telegram itself writes in this chat, and reads no answers.")
    assert CODE not in page.content()
    assert axe(page) == []
    notice.get_by_role("button", name="Show code").click()
    shown = bubble(page, f"Login code: {CODE}.")
    expect(shown).to_be_visible()
    expect(shown.get_by_role("button", name="Hide code")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})").find(CODE) == -1
    assert CODE not in page.title()
    writes(notices.session, 103, "And one more.")
    expect(bubble(other, "And one more.")).to_be_visible()
    assert CODE not in other.content()
    assert AuditEntry.objects.filter(action="message.code_shown", actor="manager").count() == 1
    shown.get_by_role("button", name="Hide code").click()
    expect(notice).to_be_visible()
    assert CODE not in page.content()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_others_see_nothing_of_it(open_page: Pages, anna: Chat, notices: Chat, role: Role) -> None:
    user, _ = colleague(notices.session, role)
    page = connected(open_page(address(anna), user=user))
    expect(page.locator(".row")).to_have_count(1)
    writes(notices.session, 103, TEXT.format(CODE))
    world.says(anna, 3, "And one more.")
    expect(bubble(page, "And one more.")).to_be_visible()
    expect(page.locator(".row")).to_have_count(1)
    assert "Login code" not in page.content()
    assert page.title().startswith(("(1) Anna", "Anna"))
    open_page.tolerate("404 (Not Found)")
    page.goto(address(notices))
    expect(page.locator("body")).not_to_contain_text("Login code")
    assert page.locator("article.m").count() == 0


def test_who_is_no_manager_any_more_is_led_out(open_page: Pages, anna: Chat, notices: Chat) -> None:
    user, grant = colleague(notices.session, Role.MANAGER)
    page = connected(open_page(address(notices), user=user))
    bubble(page, HIDDEN).get_by_role("button", name="Show code").click()
    expect(bubble(page, CODE)).to_be_visible()
    grant.role = Role.OPERATOR
    grant.save()
    expect(page.get_by_text("Only managers of this account see that chat.")).to_be_visible()
    expect(page.locator(".row")).to_have_count(1)
    # What the server put into the page's source, when they were a manager, has no code.
    expect(page.locator("#chats")).not_to_contain_text("Login code")
    assert CODE not in page.content()
    grant.role = Role.MANAGER
    grant.save()
    expect(page.locator(".row")).to_have_count(2)
    page.locator(f'.row[data-chat="{notices.pk}"]').click()
    expect(bubble(page, HIDDEN)).to_be_visible()
