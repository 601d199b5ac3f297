"""Long chats and long lists on the chat page in Chromium: what is loaded when, from here and from Telegram."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from playwright.sync_api import expect

from apps.chats.models import Chat
from apps.sessions.models import Session, SessionStatus
from apps.sessions.services import status
from tests.e2e.chat_page import address, anna, bubble, connected, finish, said, session, take, wait_until
from tests.e2e.conftest import Pages
from tests.kit import world
from tgadmin.core import types

__all__ = ["anna", "session"]

pytestmark = pytest.mark.browser


def test_history_scrolls_up_without_jumping(open_page: Pages, admin_user: User, session: Session) -> None:
    chat = world.make_chat(session, "Long story")
    world.fill(chat, 600)
    page = connected(open_page(address(chat), user=admin_user))
    expect(bubble(page, "Message number 600")).to_be_visible()
    for _ in range(30):
        page.evaluate("document.querySelector('#log').scrollTop = 0")
        if page.get_by_text("This is the start of the chat.").count():
            break
        wait_until(page, "document.querySelector('#log').scrollTop > 0")
        assert page.locator("article.m").count() <= 400
    expect(page.get_by_text("This is the start of the chat.")).to_be_visible()
    expect(bubble(page, "Message number 1").first).to_be_visible()
    assert page.locator("article.m").count() <= 400
    numbers = page.locator("article.m").evaluate_all("all => all.map(one => Number(one.dataset.tid))")
    assert numbers == list(range(1, len(numbers) + 1))
    world.says(chat, 601, "News at the end")
    expect(page.locator(".jump .bdg")).to_have_text("1")
    page.get_by_role("button", name=re.compile("To the newest")).click()
    expect(bubble(page, "News at the end")).to_be_in_viewport()
    expect(page.locator(".jump")).to_have_count(0)


def test_scroll_down_again_loads_newer(open_page: Pages, admin_user: User, session: Session) -> None:
    chat = world.make_chat(session, "Long story")
    world.fill(chat, 200)
    target = world.make_message(chat, 201, "Look at the first", reply_to_id=5)
    page = connected(open_page(address(chat), user=admin_user))
    bubble(page, target.text).locator(".q").click()
    expect(page.locator('article[data-tid="5"]')).to_be_in_viewport()
    to_the_end = "log => {log.scrollTop = log.scrollHeight; return log.querySelector('article[data-tid=\"201\"]')}"
    wait_until(page, f"({to_the_end})(document.querySelector('#log'))")
    expect(page.locator('article[data-tid="201"]')).to_be_visible()


def test_history_beyond_what_is_stored_comes_from_telegram(
    open_page: Pages, admin_user: User, session: Session
) -> None:
    chat = world.make_chat(session, "Partly known", synced_from_id=51, history_complete=False)
    world.fill(chat, 20, first_id=51)
    page = connected(open_page(address(chat), user=admin_user))
    expect(page.get_by_text("Asking Telegram for older messages")).to_be_attached()
    command = take("history")
    assert command.payload == {"peer_id": chat.peer_id, "before_id": 51, "limit": 100}
    older = tuple(
        types.Message(
            chat.peer_id, number, datetime.now(UTC) - timedelta(days=2), f"Old {number}.", sender_id=chat.peer_id
        )
        for number in range(50, 0, -1)
    )
    world.arrive(session, types.History(chat.peer_id, older, before_id=51, complete=True))
    finish(command)
    expect(bubble(page, "Old 1.")).to_be_attached()
    page.evaluate("document.querySelector('#log').scrollTop = 0")
    expect(page.get_by_text("This is the start of the chat.")).to_be_visible()
    expect(page.get_by_label("Chat details").filter(has_text="History stored")).to_contain_text("70 messages, all")


def test_telegram_without_answer_is_said(open_page: Pages, admin_user: User, session: Session) -> None:
    chat = world.make_chat(session, "Partly known", synced_from_id=51, history_complete=False)
    world.fill(chat, 3, first_id=51)
    page = connected(open_page(address(chat), user=admin_user))
    finish(take("history"), "failed", "TIMEOUT")
    expect(page.locator(".edge")).to_contain_text("Older messages are kept at Telegram.")
    page.get_by_role("button", name="Try again").click()
    finish(take("history"), "failed", "TIMEOUT")
    with transaction.atomic():
        status.change(session.pk, SessionStatus.DISCONNECTED, "CONNECTION_FAILED")
    expect(page.locator(".net")).to_contain_text("This account is disconnected from Telegram")
    expect(page.locator(".acct")).to_contain_text("Disconnected")


def test_long_messages_that_come_at_once_are_all_shown(open_page: Pages, admin_user: User, anna: Chat) -> None:
    """20 of 4,080 letters that take two and four bytes each: 164 and 327 KB, over one socket."""
    page = connected(open_page(address(anna), user=admin_user))
    page.evaluate("window.loaded = 1")
    for first, letter in ((3, "ж"), (23, "😀")):
        texts = [f"{number:03}:{letter * 4080}" for number in range(first, first + 20)]
        news = [types.NewMessage(said(anna, number, text)) for number, text in enumerate(texts, first)]
        world.arrive(anna.session, *news)
        for text in texts:
            expect(bubble(page, text)).to_have_count(1)
    world.says(anna, 43, "and a short one")
    expect(bubble(page, "and a short one")).to_be_visible()
    expect(page.locator("article.m")).to_have_count(43)
    assert page.evaluate("window.loaded") == 1


def test_a_list_of_long_previews_comes_over_the_socket(open_page: Pages, admin_user: User, anna: Chat) -> None:
    """The page is moved to an account of 120 chats, whose list takes more than one frame.

    Nothing was written in them of late: rows that were written within half a minute are sent to whoever begins to
    follow the list, wherever in it they are, as they may have been committed after it was read.
    """
    other = world.make_session("Sales RU", phone="79001234567")
    rested = datetime.now(UTC) - timedelta(hours=1)
    for number in range(1, 121):
        chat = world.make_chat(other, f"Чат {number:03} {'ж' * 200}", updated_at=rested)
        world.make_message(chat, number, f"{number:03} {'щ' * 156}")
    page = connected(open_page(address(anna), user=admin_user))
    page.evaluate("window.loaded = 1")
    page.get_by_role("link", name="Sales RU").click()
    rows = page.locator(".row[data-chat]")
    expect(rows.first).to_contain_text("Чат 120")
    expect(rows).to_have_count(100)
    rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(120)
    assert page.evaluate("window.loaded") == 1
