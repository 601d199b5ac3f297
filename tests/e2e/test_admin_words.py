"""Small things of the admin in Chromium: one's zone and 24 hours in any browser, long names, where one begins to type,
what a proxy's kind needs, signing in and out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from apps.sessions.models import Session, SessionGrant
from tests.e2e.conftest import Pages
from tests.e2e.test_colleagues import LOOKS, sound
from tests.kit import world

pytestmark = pytest.mark.browser

Axe = Callable[[Page], list[str]]
LONG = "x" * 150


@pytest.fixture
def session(web: Any) -> Session:
    return world.make_session("Sales EU")


def test_times_are_the_viewers_with_24_hours_in_an_american_browser(
    open_page: Pages, admin_user: User, session: Session
) -> None:
    at = datetime(2026, 3, 4, 21, 5, 6, tzinfo=UTC)
    SessionGrant.objects.create(session=session, user=admin_user, role=1, granted_at=at)
    context = open_page.browser.new_context(base_url=open_page.web.url, locale="en-US", timezone_id="America/New_York")
    open_page.contexts.append(context)
    page = open_page("/admin/tg_sessions/sessiongrant/", user=admin_user, context=context)
    when = page.locator("#result_list time").first
    expect(when).to_have_text("4 Mar 2026")
    expect(when).to_have_attribute("title", "4 Mar 2026, 16:05:06")
    page.goto(f"/admin/tg_sessions/session/{session.pk}/change/")
    expect(page.locator(f'time[datetime^="{at:%Y-%m-%dT%H:%M:%S}"]').first).to_have_attribute(
        "title", "4 Mar 2026, 16:05:06"
    )


@pytest.mark.parametrize("width", [1440, 360])
def test_a_long_user_name_breaks_no_page(open_page: Pages, session: Session, axe: Axe, width: int) -> None:
    user = User.objects.create_superuser(LONG, password="a long enough password", last_name="y" * 150)
    SessionGrant.objects.create(session=session, user=user, role=3, granted_by=user)
    pages = ("/admin/", "/admin/security/", "/admin/colleagues/", "/admin/auth/user/", "/chats/")
    page = open_page("/admin/", user=user, width=width)
    for where in (*pages, f"/admin/auth/user/{user.pk}/change/", f"/admin/colleagues/{user.pk}/"):
        page.goto(where)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), where
    page.goto(f"/chats/{session.pk}/")
    page.locator("summary").filter(has_text="Your account").click()
    box = page.locator(".me .pop").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_one_begins_to_type_where_something_is_asked(open_page: Pages, admin_user: User, session: Session) -> None:
    page = open_page("/admin/tg_sessions/session/sign-in/", user=admin_user)
    expect(page.get_by_label("Name for your team")).to_be_focused()
    page.goto("/admin/tg_sessions/session/sign-in/?method=phone")
    expect(page.get_by_label("Phone number")).to_be_focused()
    page.goto("/admin/tg_sessions/session/import/")
    expect(page.get_by_label("Session string")).to_be_focused()
    page.goto("/admin/login/?again")
    page.context.clear_cookies()
    page.goto("/admin/login/")
    expect(page.get_by_label("Username")).to_be_focused()


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_a_proxys_page_asks_for_what_its_kind_needs(
    open_page: Pages, admin_user: User, session: Session, axe: Axe, width: int, dark: bool
) -> None:
    page = open_page(f"/admin/tg_sessions/session/{session.pk}/proxy/", user=admin_user, width=width, dark=dark)
    name, secret = page.get_by_label("User name"), page.get_by_label("Secret")
    expect(name).to_be_visible()
    expect(secret).to_be_hidden()
    page.get_by_label("Kind").select_option("mtproxy")
    expect(secret).to_be_visible()
    expect(name).to_be_hidden()
    sound(page, axe)
    page.get_by_label("Proxy link").fill("tg://proxy?server=x")
    expect(page.get_by_label("Host")).to_be_hidden()
    page.get_by_label("Proxy link").fill("")
    expect(page.get_by_label("Host")).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_signing_in_and_out(open_page: Pages, admin_user: User, axe: Axe, width: int, dark: bool) -> None:
    page = open_page("/admin/login/", width=width, dark=dark)
    sound(page, axe)
    page.get_by_label("Username").fill("marta")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_count(1)
    sound(page, axe)
    page.get_by_label("Username").fill("marta")
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/admin/")
    sound(page, axe)
    page.goto("/admin/axes/accessattempt/?q=zzz")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    sound(page, axe)
    page.goto("/admin/tg_sessions/sessiongrant/add/")
    sound(page, axe)
    page.evaluate("document.getElementById('logout-form').submit()")
    expect(page.get_by_text("You are signed out in this browser.")).to_be_visible()
    sound(page, axe)
    assert not re.search("quality time", page.content())
