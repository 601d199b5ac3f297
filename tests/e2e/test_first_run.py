"""The first minute of a new user, nothing mocked: `up` on an empty directory, "Try the demo", a first answer."""

import time
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from psycopg import sql

from tests.kit.running import RunningUp, temporary_base

MINUTE = 60.0
"""Seconds from the ready line to the first answer (UX.md)."""

pytestmark = [pytest.mark.browser, pytest.mark.alone, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def up() -> Iterator[RunningUp]:
    with temporary_base() as base, RunningUp(base / "var") as running:
        running.wait_ready()
        yield running


def test_from_an_empty_directory_to_the_first_answer_and_back_to_nothing(up: RunningUp, browser: Browser) -> None:
    context = browser.new_context(base_url=up.wait_ready()["address"], viewport={"width": 1440, "height": 900})
    context.set_default_timeout(MINUTE * 1000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    began = time.monotonic()
    sign_in(page, up.wait_ready()["user"], up.password)
    page.get_by_role("button", name="Try the demo").click()
    page.wait_for_url("**/chats/**")
    page.locator(".rows .row").first.click()
    answered = page.locator(".log .m:not(.o)")
    page.get_by_role("textbox", name="Message").fill("Is there a boat free on Sunday?")
    page.keyboard.press("Enter")
    ours = page.locator(".log .m.o", has_text="Is there a boat free on Sunday?")
    expect(ours).to_have_count(1)
    # the scripted contact echoes part of what one writes: only an answer to this message can hold it
    expect(answered.filter(has_text="Is there a boat free on Sunday").last).to_be_visible(timeout=MINUTE * 1000)
    took = time.monotonic() - began
    expect(ours.get_by_text("Read")).to_have_count(1)
    print(f"{took:.1f} s from signing in to the first answer")  # noqa: T201 - shown by pytest -rP
    assert took < MINUTE, f"{took:.1f} s to the first answer"
    assert complaints == []

    page.goto("/admin/")
    page.get_by_role("link", name="Remove the demo").click()
    page.get_by_role("button", name="Remove the demo").click()
    expect(page.get_by_role("button", name="Try the demo")).to_be_visible(timeout=MINUTE * 1000)
    expect(page.get_by_text("The demo is removed")).to_be_visible()
    page.goto("/chats/")
    expect(page.get_by_role("link", name="Try the demo")).to_be_visible()
    context.close()
    assert left_rows(up) == {}
    told = audited(up)
    assert told[:1] == [("user.added", "admin")]  # at the shell, before anybody was signed in
    assert {"login.succeeded", "demo.made", "session.added", "demo.removed", "session.removed"} <= dict(told).keys()


def left_rows(up: RunningUp) -> dict[str, int]:
    """The tables of accounts, chats and commands that still hold a row, with how many. The audit is none of them."""
    with psycopg.connect(up.runtime().environment["DATABASE_URL"]) as connection:
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename ~ '^(telegram|chat)_'"
        ).fetchall()
        counts = {
            name: connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
            for (name,) in names
        }
    assert counts
    return {name: row[0] for name, row in counts.items() if row is not None and row[0]}


def audited(up: RunningUp) -> list[tuple[str, str]]:
    """The audit, which by its nature stays when the demo goes: what was done, and the user that it names."""
    with psycopg.connect(up.runtime().environment["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT action, coalesce(details->>'user', actor) FROM audit_entries ORDER BY id")
        return [(str(action), str(user)) for action, user in rows.fetchall()]


def sign_in(page: Page, user: str, password: str) -> None:
    page.goto("/")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password", exact=False).first.fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/")
