"""The sign-in and the pages of errors in Chromium: no complaint of the console, the content security policy's included,
nothing that axe finds wrong, and a way on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Pages

pytestmark = pytest.mark.browser

ERRORS = {
    "/nowhere": "There is nothing here",
    "/admin/nowhere/": "There is nothing here",
    "/chats/999/": "There is nothing here",
    "/chats/?x=%00": "That cannot be asked",
    "/admin/tg_sessions/session/add/": "That is not for you",
}


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (360, True)])
def test_error_pages(
    open_page: Pages, admin_user: User, axe: Callable[[Page], list[str]], width: int, dark: bool
) -> None:
    open_page.tolerate("Failed to load resource: the server responded with a status of 4")
    page = open_page("/nowhere", user=admin_user, width=width, dark=dark)
    for address, message in ERRORS.items():
        page.goto(address)
        expect(page.get_by_role("heading", name=message)).to_be_visible()
        assert axe(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), address
    page.get_by_role("link", name="Administration").click()
    page.wait_for_url("**/admin/")


def test_the_sign_in_page(open_page: Pages, admin_user: User, axe: Callable[[Page], list[str]]) -> None:
    page = open_page("/admin/login/")
    assert axe(page) == []
    page.get_by_label("Username").fill("<script>alert(1)</script>")
    page.get_by_label("Password", exact=False).first.fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This user name and password do not fit", exact=False)).to_be_visible()


def test_an_expired_form(open_page: Pages, admin_user: User) -> None:
    open_page.tolerate("Failed to load resource: the server responded with a status of 403")
    page = open_page("/admin/password_change/", user=admin_user)
    page.context.clear_cookies(name="csrftoken")
    page.get_by_label("Old password").fill("x")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="This form has expired")).to_be_visible()
