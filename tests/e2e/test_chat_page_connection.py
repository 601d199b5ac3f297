"""The chat page in Chromium without its server for a while: nothing is lost, nothing goes out twice."""

import re
import uuid
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import WebSocketRoute, expect
from pytest_django import Settings

from apps.chats.models import Chat, Message
from apps.chats.services.pruning import prune_events
from tests.e2e.chat_page import PROMPT_MS, address, all_taken, anna, bubble, connected, session
from tests.e2e.conftest import Pages
from tests.kit import world

__all__ = ["anna", "session"]

pytestmark = pytest.mark.browser


def test_connection_lost_sending_goes_on(open_page: Pages, admin_user: User, anna: Chat) -> None:
    open_page.tolerate("WebSocket connection to")
    open_page.tolerate("net::ERR_CONNECTION")
    page = connected(open_page(address(anna), user=admin_user))
    open_page.web.stop(kill=True)
    expect(page.locator(".net")).to_contain_text(re.compile(r"Connection lost at \d\d:\d\d:\d\d.*Reconnecting"))
    page.get_by_label("Message", exact=True).fill("Written while away")
    page.keyboard.press("Enter")
    expect(bubble(page, "Written while away").get_by_text("Sending")).to_be_attached()
    world.says(anna, 3, "Missed meanwhile")
    open_page.web.start()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    connected(page)
    expect(bubble(page, "Missed meanwhile")).to_be_visible()
    expect(bubble(page, "Written while away")).to_have_count(1)
    all_taken(page)
    assert Message.objects.filter(text="Written while away").count() == 1


def test_a_page_that_slept_is_right_at_once(open_page: Pages, admin_user: User, anna: Chat, settings: Settings) -> None:
    """The device slept: its connection is dead, but nothing has told the page so; its clock has moved by an hour."""
    settings.EVENTS_KEPT_PER_CHAT = 20
    context = open_page.browser.new_context(base_url=open_page.web.url)
    open_page.contexts.append(context)
    context.add_init_script("window.slept = 0; const now = Date.now; Date.now = () => now() + window.slept;")
    asleep = False

    def connect(socket: WebSocketRoute) -> None:
        dead_soon = asleep is False  # the connections that are made before the sleep
        server = socket.connect_to_server()

        def pass_on(other: WebSocketRoute, message: str | bytes) -> None:
            if not (dead_soon and asleep):
                other.send(message)

        socket.on_message(lambda message: pass_on(server, message))
        server.on_message(lambda message: pass_on(socket, message))

    context.route_web_socket(re.compile("/ws/live/"), connect)
    page = connected(open_page(address(anna), user=admin_user, context=context))
    asleep = True
    for number in range(3, 43):
        world.says(anna, number, f"Missed {number}")
    prune_events()
    expect(bubble(page, "Missed 42")).to_have_count(0)
    page.evaluate("window.slept = 3600e3")
    expect(bubble(page, "Missed 42")).to_be_visible(timeout=PROMPT_MS)
    expect(bubble(page, "Missed 9")).to_have_count(1)
    world.says(anna, 43, "And on it goes")
    expect(bubble(page, "And on it goes")).to_be_visible()


def test_a_fourth_page_says_why_it_is_not_live_and_comes_when_it_can(
    open_page: Pages, admin_user: User, anna: Chat
) -> None:
    first = connected(open_page(address(anna), user=admin_user))
    pages = [connected(open_page(address(anna), context=first.context)) for _ in range(2)]
    fourth = open_page(address(anna), context=first.context)
    expect(fourth.locator(".net")).to_contain_text("chats open in 3 other pages")
    expect(fourth.locator(".net")).to_contain_text("Close one of them")
    pages[0].close()
    connected(fourth)
    expect(fourth.locator(".net")).to_have_count(0)


def test_unsent_survives_a_reload_and_is_sent_once(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    cid = str(uuid.uuid4())
    entry = {"cid": cid, "session": anna.session_id, "chat": anna.pk, "text": "Kept", "reply_to": None}
    page.evaluate(
        "([key, entry]) => localStorage.setItem(key, JSON.stringify([{...entry, at: new Date().toISOString()}]))",
        [f"tgadmin.outbox.{admin_user.pk}", entry],
    )
    page.reload()
    all_taken(page)
    page.reload()
    expect(bubble(page, "Kept")).to_have_count(1)
    assert [str(message.cid) for message in Message.objects.filter(text="Kept")] == [cid]


def test_many_unsent_go_out_in_order(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    texts = [f"Number {number:03}" for number in range(150)]
    entries = [
        {
            "cid": str(uuid.uuid4()), "session": anna.session_id, "chat": anna.pk, "text": text, "reply_to": None,
            "at": datetime.now(UTC).isoformat(),
        }
        for text in texts
    ]  # fmt: skip
    key = f"tgadmin.outbox.{admin_user.pk}"
    page.evaluate("([key, all]) => localStorage.setItem(key, JSON.stringify(all))", [key, entries])
    page.reload()
    all_taken(page)
    assert list(Message.objects.filter(telegram_id=None).order_by("pk").values_list("text", flat=True)) == texts
    expect(bubble(page, "Number")).to_have_count(150)
