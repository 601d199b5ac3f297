"""Staff's own sign-in in Chromium: the second factor from its QR code to the recovery codes, lock-outs, the audit."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_otp.oath import TOTP
from playwright.sync_api import Page, expect

from apps.staff.models import AuditEntry, Authenticator
from apps.staff.services import second_factor
from apps.staff.services.audit import audit
from tests.e2e.conftest import Pages, WebServer
from tests.kit import world

pytestmark = pytest.mark.browser

PASSWORD = "a long enough password"
Axe = Callable[[Page], list[str]]


def code(key: bytes, steps: int = 0) -> str:
    totp = TOTP(key)
    totp.time = time.time() + steps * 30
    return f"{totp.token():06d}"


def key_of(user: User) -> bytes:
    return Authenticator.objects.get(user=user).secret_row.key


def sound(page: Page, axe: Axe) -> None:
    expect(page.get_by_role("main")).to_be_visible()
    assert axe(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url


def sign_in(page: Page) -> None:
    page.get_by_label("Username").fill("marta")
    page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    page.keyboard.press("Enter")


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (360, True)])
def test_from_the_checklist_to_a_login_with_both(
    open_page: Pages, admin_user: User, axe: Axe, width: int, dark: bool
) -> None:
    page = open_page("/admin/", width=width, dark=dark)
    sign_in(page)
    page.get_by_role("listitem").filter(has_text="second factor").get_by_role("link", name="Add").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    sound(page, axe)
    open_page.tolerate("status of 422")
    page.get_by_role("textbox", name="Code").fill("000000")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("That code is not right")).to_be_visible()
    sound(page, axe)
    Authenticator.objects.update(throttling_failure_timestamp=None)
    page.get_by_role("textbox", name="Code").fill(code(key_of(admin_user)))
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Your second factor is added.")).to_be_visible()
    assert len(re.findall(r"<code>[A-Z2-7-]{19}</code>", page.content())) == 10
    sound(page, axe)
    recovery = page.locator(".tg-codes code").first.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    page.goto("/admin/security/")
    sound(page, axe)

    other = open_page("/chats/", width=width, dark=dark)
    sign_in(other)
    expect(other.get_by_text("One more step")).to_be_visible()
    sound(other, axe)
    other.get_by_role("textbox", name="Code").fill(recovery)
    other.keyboard.press("Enter")
    other.wait_for_url("**/chats/**")


def test_a_page_that_is_open_is_closed_when_the_second_factor_is_needed(open_page: Pages, admin_user: User) -> None:
    """Another login of the same user adds one: this one has not shown it."""
    chat = world.make_chat(world.make_session(), "Anna")
    page = open_page(f"/chats/{chat.session_id}/{chat.pk}/", user=admin_user)
    expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    begun = second_factor.begin(admin_user)
    second_factor.confirm(admin_user, code(begun.secret_row.key), keep=None)
    expect(page.get_by_text("signed out", exact=False).first).to_be_visible()
    open_page.tolerate("status of 401")


@pytest.mark.parametrize(("width", "dark"), [(1440, True), (360, False)])
def test_a_lock_out_says_until_when(open_page: Pages, admin_user: User, axe: Axe, width: int, dark: bool) -> None:
    for _ in range(4):
        Client().post("/admin/login/", {"username": "marta", "password": "wrong"})
    open_page.tolerate("status of 429")
    page = open_page("/admin/login/", width=width, dark=dark)
    page.get_by_label("Username").fill("marta")
    page.get_by_label("Password", exact=False).first.fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Locked for now")).to_be_visible()
    expect(page.locator("time")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    sound(page, axe)
    admin = open_page("/admin/axes/accessattempt/", user=admin_user, width=width, dark=dark)
    expect(admin.get_by_text("locked until").first).to_be_visible()
    sound(admin, axe)


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (360, True)])
def test_the_audit(open_page: Pages, admin_user: User, axe: Axe, width: int, dark: bool) -> None:
    session = world.make_session("<img src=x onerror=alert(1)>")
    audit(admin_user, "session.renamed", session, before="<script>alert(1)</script>", name="Support")
    audit(admin_user, "user.changed", user="marta", is_staff=[False, True])
    page = open_page("/admin/staff/auditentry/", user=admin_user, width=width, dark=dark)
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    expect(page.get_by_text("Account renamed").first).to_be_visible()
    sound(page, axe)
    page.goto("/admin/staff/auditentry/?q=renamed")
    expect(page.get_by_text("Account renamed").first).to_be_visible()
    expect(page.get_by_text("User changed")).to_have_count(0)
    page.goto(f"/admin/staff/auditentry/{AuditEntry.objects.get(action='session.renamed').pk}/change/")
    sound(page, axe)
    page.goto("/admin/auth/user/")
    sound(page, axe)
    page.goto(f"/admin/auth/user/{admin_user.pk}/change/")
    sound(page, axe)
    page.goto("/admin/auth/group/add/")
    sound(page, axe)
    page.goto("/admin/")
    sound(page, axe)


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (360, True)])
def test_confirming_that_it_is_oneself(
    open_page: Pages, admin_user: User, axe: Axe, web: WebServer, width: int, dark: bool
) -> None:
    """Before a form, after one that was sent too late, and for a dialog; then not again."""
    open_page.tolerate("status of 403")
    open_page.tolerate("status of 422")
    page = open_page("/admin/security/", user=admin_user, confirm=False, width=width, dark=dark)
    page.get_by_role("link", name="Add a second factor").click()
    expect(page.get_by_text("To add or replace your second factor, confirm that it is you.")).to_be_visible()
    expect(page.get_by_label("Your password")).to_be_focused()
    sound(page, axe)
    page.get_by_label("Your password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text("That password is not right.")).to_be_visible()
    sound(page, axe)
    page.get_by_label("Your password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    # A colleague's user was opened long ago: what was changed is kept.
    web.restart()  # it has kept content types of a test before, whose rows were flushed
    helper = User.objects.create_user("helper", is_staff=True)
    late = open_page(f"/admin/auth/user/{helper.pk}/change/", user=admin_user, confirm=False, width=width, dark=dark)
    late.get_by_label("Last name").fill("Sørensen <b>")
    late.get_by_label("Administrator").check()
    late.get_by_role("button", name="Save", exact=True).click()
    expect(late.get_by_text("What you filled in is kept")).to_be_visible()
    sound(late, axe)
    helper.refresh_from_db()
    assert (helper.last_name, helper.is_superuser) == ("", False)
    late.get_by_label("Your password").fill(PASSWORD)
    late.get_by_role("button", name="Go on").click()
    expect(late.get_by_text("was changed successfully")).to_be_visible()
    helper.refresh_from_db()
    assert (helper.last_name, helper.is_superuser) == ("Sørensen <b>", True)


def test_a_dialog_asks_on_a_page_and_leads_back(open_page: Pages, admin_user: User) -> None:
    session = world.make_session("Support")
    page = open_page(f"/admin/tg_sessions/session/{session.pk}/change/", user=admin_user, confirm=False)
    menu = page.get_by_label("More actions")
    menu.click()
    page.get_by_role("link", name="Export session").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/admin/tg_sessions/session/{session.pk}/change/")
    menu.click()
    page.get_by_role("link", name="Export session").click()
    expect(page.get_by_role("dialog", name="Export the session of Support?")).to_be_visible()
