"""An account's page and the list of accounts in Chromium: a check that is followed, dialogs and Ctrl K by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command
from apps.sessions.models import Session, SessionStatus
from tests.e2e.conftest import Pages
from tests.kit import world

pytestmark = pytest.mark.browser

Axe = Callable[[Page], list[str]]
LOOKS = [(1440, False), (1440, True), (360, False), (360, True)]


@pytest.fixture
def session(web: Any) -> Session:
    return world.make_session("Sales EU", phone="4915123454063")


def at(session: Session) -> str:
    return f"/admin/tg_sessions/session/{session.pk}/change/"


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def is_held(page: Page) -> bool:
    """Whether the focus is in the open dialog; the browser's own bar, which Tab also goes through, is body."""
    held = "document.activeElement === document.body || document.activeElement.closest('dialog[open]') !== null"
    return bool(page.evaluate(held))


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_the_page_and_the_list_are_sound(
    open_page: Pages, admin_user: User, session: Session, axe: Axe, width: int, dark: bool
) -> None:
    bad = world.make_session("Support PL")
    Session.objects.filter(pk=bad.pk).update(
        status=SessionStatus.NEEDS_SIGN_IN, status_code="SESSION_REVOKED", status_since=timezone.now()
    )
    page = open_page(at(session), user=admin_user, width=width, dark=dark)
    for name, address in (("ready", at(session)), ("signed-out", at(bad)), ("list", "/admin/tg_sessions/session/")):
        page.goto(address)
        expect(page.get_by_role("main")).to_be_visible()
        assert axe(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
    page.goto(at(session))
    box = page.get_by_role("heading", name="Sales EU", level=2).bounding_box()
    assert box is not None
    assert box["width"] > 60
    page.keyboard.press(".")
    expect(page.get_by_role("link", name="Log out")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("link", name="Log out").click()
    expect(page.get_by_role("dialog", name="Log out Sales EU?")).to_be_visible()
    assert axe(page) == []


def test_a_check_is_followed_on_the_page(open_page: Pages, admin_user: User, session: Session) -> None:
    page = open_page(at(session), user=admin_user)
    page.evaluate("window.kept = true")
    said = page.locator("[data-check]")
    expect(said).to_be_hidden()
    page.get_by_role("button", name="Check").click()
    expect(said).to_contain_text("Checking")
    command = Command.objects.get(kind=CommandKind.DIALOGS)
    Command.objects.filter(pk=command.pk).update(progress={"chats": 40, "total": 212})
    expect(said).to_contain_text("40 of 212")
    now = timezone.now()
    Command.objects.filter(pk=command.pk).update(
        state=Command.State.DONE, result={"chats": 212}, claimed_at=now - timedelta(seconds=3), settled_at=now
    )
    expect(said).to_contain_text("Telegram answered: 212 chats read in 3 s.")
    page.get_by_role("button", name="Check").click()
    expect(said).to_contain_text("Checking")
    Command.objects.filter(state=Command.State.QUEUED).update(
        state=Command.State.FAILED, error_code="SESSION_REVOKED", settled_at=timezone.now()
    )
    expect(said).to_contain_text("SESSION_REVOKED")
    assert page.evaluate("window.kept"), "the page was loaded again"


def test_a_dialog_holds_the_focus_and_gives_it_back(open_page: Pages, admin_user: User, session: Session) -> None:
    page = open_page(at(session), user=admin_user)
    page.keyboard.press(".")
    page.get_by_role("link", name="Log out").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Log out Sales EU?")
    expect(dialog).to_be_visible()
    assert focused(page) == "Cancel"
    for key in ("Tab", "Tab", "Tab", "Shift+Tab", "Shift+Tab", "Shift+Tab"):
        page.keyboard.press(key)
        assert is_held(page), key
    danger = dialog.get_by_role("button", name="Log out")
    assert danger.evaluate("button => getComputedStyle(button).backgroundColor") == "rgb(180, 35, 24)"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert focused(page).endswith("Log out")
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.press("Enter")  # on Cancel
    expect(dialog).to_be_hidden()
    assert Session.objects.get().status == SessionStatus.READY


def test_a_dialogs_wrong_field_has_the_focus_and_its_end_can_be_closed(
    open_page: Pages, admin_user: User, session: Session
) -> None:
    page = open_page(at(session), user=admin_user)
    page.keyboard.press(".")
    page.get_by_role("link", name="Export session").click()
    reason = page.get_by_label("Reason")
    expect(reason).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    expect(reason).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Reveal phone").click()
    page.get_by_role("button", name="Reveal", exact=True).click()
    expect(page.get_by_role("dialog", name="The phone number of Sales EU")).to_contain_text("+49 1512 3454063")
    close = page.get_by_role("link", name="Close")
    expect(close).to_be_focused()
    close.click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_dialog_opened_by_its_address_is_a_page(
    open_page: Pages, admin_user: User, session: Session, axe: Axe
) -> None:
    page = open_page(f"/admin/tg_sessions/session/{session.pk}/disable/", user=admin_user)
    expect(page.get_by_role("heading", name="Disable Sales EU?", level=2)).to_be_visible()
    assert axe(page) == []
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_url(f"**{at(session)}")
    page.go_back()
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_text("The account is disabled.")).to_be_visible()


def test_a_row_enables_its_account(open_page: Pages, admin_user: User, session: Session) -> None:
    Session.objects.update(status=SessionStatus.DISABLED, enabled=False)
    page = open_page("/admin/tg_sessions/session/", user=admin_user)
    page.get_by_role("link", name="Enable Sales EU").click()
    page.get_by_role("dialog", name="Enable Sales EU?").get_by_role("button", name="Enable").click()
    expect(page.get_by_text("The account is enabled.")).to_be_visible()
    assert Session.objects.get().enabled


def test_ctrl_k_finds_by_keyboard_alone(open_page: Pages, admin_user: User, session: Session, axe: Axe) -> None:
    chat = world.make_chat(session, "Anna Sales")
    page = open_page("/admin/", user=admin_user)
    opener = page.get_by_role("button", name="Find accounts, chats")
    opener.focus()
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog", name="Find accounts, chats and pages")
    expect(dialog).to_contain_text("Find an account by its name")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Enter")  # on nothing: nothing happens
    page.keyboard.type("sales")
    expect(dialog.get_by_role("listitem")).to_have_count(2)
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_contain_text("Find an account by its name")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.type("nothing like it")
    expect(dialog).to_contain_text("No account, chat or page of yours is called")
    page.keyboard.press("Escape")
    page.keyboard.type("anna")
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/chats/{session.pk}/{chat.pk}/")
