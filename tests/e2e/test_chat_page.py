"""The chat page in Chromium: real web server, PostgreSQL and Valkey; what comes from Telegram comes through record."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from playwright.sync_api import Locator, Page, WebSocketRoute, expect
from pytest_django import Settings

from apps.chats.models import Chat, Message
from apps.chats.services import outcomes
from apps.chats.services.pruning import prune_events
from apps.commands.models import Command
from apps.commands.services import commands
from apps.sessions.models import Session, SessionGrant, SessionStatus
from apps.sessions.services import status
from apps.staff.roles import Role
from tests.e2e.conftest import Pages
from tests.kit import world
from tgadmin.core import types

pytestmark = pytest.mark.browser

PROMPT_MS = 4000
"""A page asks a silent server for ten seconds before it leaves it: one that is right within this time did not wait."""
HOSTILE = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>{{7*7}}"


@pytest.fixture
def session(web: object) -> Session:
    return world.make_session()


@pytest.fixture
def anna(session: Session) -> Chat:
    chat = world.make_chat(session, "Anna Kowalska")
    world.make_message(chat, 1, "Hello from Anna")
    world.make_message(chat, 2, "Our answer", out=True)
    return chat


def address(chat: Chat) -> str:
    return f"/chats/{chat.session_id}/{chat.pk}/"


def bubble(page: Page, text: str) -> Locator:
    return page.locator("article.m").filter(has_text=text)


def connected(page: Page) -> Page:
    """The page once its socket has been greeted."""
    expect(page.locator("#chats")).to_have_attribute("data-live", "open")
    return page


def wait_until(page: Page, condition: str) -> None:
    """Until the expression holds; Playwright's own wait_for_function needs eval, which the page's CSP forbids."""
    look = f"if ({condition}) {{clearInterval(timer); done();}}"
    page.evaluate(f"new Promise(done => {{const timer = setInterval(() => {{{look}}}, 10)}})")


def all_taken(page: Page) -> None:
    """Until the server has everything that was written on the page."""
    wait_until(page, "!Object.keys(localStorage).some(key => key.startsWith('tgadmin.outbox'))")


def settle_send(text: str, telegram_id: int) -> None:
    """What the gateway does with a send that Telegram took."""
    message = Message.objects.get(text=text)
    with transaction.atomic():
        outcomes.sent(message.pk, telegram_id)


def test_first_paint_needs_no_socket(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = open_page(address(anna), user=admin_user)
    expect(page.locator("h1")).to_have_text("Anna Kowalska")
    expect(bubble(page, "Hello from Anna")).to_be_visible()
    expect(page.locator(".row.cur")).to_contain_text("Anna Kowalska")
    expect(page).to_have_title("Anna Kowalska · tgadmin")


def test_message_arrives_and_is_marked_read(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    world.says(anna, 3, "Are you there?")
    expect(bubble(page, "Are you there?")).to_be_visible()
    expect(page.get_by_role("log", name="New messages")).to_have_text("Anna Kowalska: Are you there?")
    expect(page.locator(".row.cur .p")).to_have_text("Are you there?")
    expect(page.locator(".row.cur .bdg")).to_have_count(0)
    anna.refresh_from_db()
    assert (anna.read_inbox_max_id, anna.unread_count) == (3, 0)
    assert Command.objects.get(kind="read").payload == {"peer_id": anna.peer_id, "max_id": 3}


def test_send_states_from_optimistic_to_read(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    page.get_by_label("Message", exact=True).fill("On my way")
    page.keyboard.press("Enter")
    sent = bubble(page, "On my way")
    expect(sent.get_by_text("Sending")).to_be_attached()
    expect(sent.locator(".meta")).to_contain_text("Marta")
    expect(page.get_by_label("Message", exact=True)).to_have_value("")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    expect(page.locator(".row.cur .w")).to_contain_text("Sending")
    all_taken(page)
    settle_send("On my way", 3)
    expect(sent.get_by_text("Sent", exact=True)).to_be_attached()
    world.arrive(anna.session, types.ReadOutbox(anna.peer_id, 3))
    expect(sent.get_by_text("Read", exact=True)).to_be_attached()
    assert Message.objects.filter(chat=anna, text="On my way").count() == 1


def test_failed_message_is_retried_or_deleted(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    for text in ("First", "Second"):
        page.get_by_label("Message", exact=True).fill(text)
        page.keyboard.press("Enter")
        expect(bubble(page, text).get_by_text("Sending")).to_be_attached()
        all_taken(page)
        with transaction.atomic():
            outcomes.failed(Message.objects.get(text=text).pk, "CHAT_WRITE_FORBIDDEN")
        expect(bubble(page, text).locator(".foot")).to_contain_text("Not sent")
    random_id = Message.objects.get(text="First").random_id
    bubble(page, "First").get_by_role("button", name="Retry").click()
    expect(bubble(page, "First").get_by_text("Sending")).to_be_attached()
    bubble(page, "Second").get_by_role("button", name="Delete").click()
    expect(bubble(page, "Second")).to_have_count(0)
    assert Message.objects.get(text="First").random_id == random_id
    assert not Message.objects.filter(text="Second").exists()


def test_waiting_message_says_when_it_goes_out(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    page.get_by_label("Message", exact=True).fill("Patience")
    page.keyboard.press("Enter")
    all_taken(page)
    until = datetime.now(UTC) + timedelta(hours=1)
    with transaction.atomic():
        outcomes.waiting(Message.objects.get(text="Patience").pk, until, "FLOOD_WAIT")
    expect(bubble(page, "Patience").locator(".foot")).to_contain_text(re.compile(r"Goes out (at|on) "))


def test_reply_edit_and_delete(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    field = page.get_by_label("Message", exact=True)
    bubble(page, "Hello from Anna").hover()
    bubble(page, "Hello from Anna").get_by_role("button", name="Reply").click()
    expect(page.locator(".rep")).to_contain_text("Reply to Anna Kowalska")
    field.fill("A reply")
    page.keyboard.press("Enter")
    expect(bubble(page, "A reply").locator(".q")).to_contain_text("Hello from Anna")
    all_taken(page)
    assert Message.objects.get(text="A reply").reply_to_id == 1
    settle_send("A reply", 3)
    expect(bubble(page, "A reply").get_by_text("Sent", exact=True)).to_be_attached()

    field.press("ArrowUp")
    expect(page.locator(".rep")).to_contain_text("Edit message")
    expect(field).to_have_value("A reply")
    field.fill("A better reply")
    page.keyboard.press("Enter")
    expect(bubble(page, "A reply").locator(".meta")).to_contain_text("saving")
    command = take("edit")
    world.arrive(
        anna.session,
        types.MessageEdited(
            types.Message(
                anna.peer_id,
                3,
                datetime.now(UTC),
                "A better reply",
                sender_id=anna.session.telegram_user_id,
                out=True,
                edit_date=datetime.now(UTC),
                reply_to_id=1,
            )
        ),
    )
    finish(command)
    expect(bubble(page, "A better reply").locator(".meta")).to_contain_text("edited")
    expect(bubble(page, "A better reply").locator(".meta")).not_to_contain_text("saving")

    bubble(page, "A better reply").hover()
    bubble(page, "A better reply").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    command = take("delete")
    world.arrive(anna.session, types.MessagesDeleted(types.ACCOUNT_BOX, (3,)))
    finish(command)
    expect(page.locator("article.m").last).to_contain_text("Message deleted")
    expect(page.get_by_text("A better reply")).to_have_count(0)


def test_nothing_typed_is_lost_between_messages(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    field = page.get_by_label("Message", exact=True)
    typed = """
        const field = document.querySelector("#composer");
        const key = (key) => new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
        const press = (name) => field.dispatchEvent(key(name));
        const write = (text) => {field.value += text; field.dispatchEvent(new Event("input", {bubbles: true}))};
        write("one"); press("Enter"); write("two"); press("Enter"); write("three")
    """
    page.evaluate(f"{{{typed}}}")
    expect(field).to_have_value("three")
    all_taken(page)
    assert list(Message.objects.filter(telegram_id=None).order_by("pk").values_list("text", flat=True)) == [
        "one",
        "two",
    ]


def test_what_comes_in_does_not_disturb_writing(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    field = page.get_by_label("Message", exact=True)
    field.press("ArrowUp")
    expect(field).to_have_value("Our answer")
    field.press_sequentially(", half chan")
    world.says(anna, 3, "Meanwhile")
    expect(bubble(page, "Meanwhile")).to_be_visible()
    field.press_sequentially("ged")
    expect(field).to_have_value("Our answer, half changed")
    expect(field).to_be_focused()


def test_refused_edit_says_so_and_keeps_the_text(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    field = page.get_by_label("Message", exact=True)
    field.press("ArrowUp")
    field.fill("Too late to change")
    page.keyboard.press("Enter")
    finish(take("edit"), "failed", "MESSAGE_EDIT_TIME_EXPIRED")
    expect(page.locator(".notice")).to_contain_text("Not changed")
    page.get_by_role("button", name="Take it up again").click()
    expect(field).to_have_value("Too late to change")


def test_typing_is_shown_and_sent(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    tell_typing(anna, "typing")
    expect(page.locator(".hd .sub")).to_contain_text("typing…")
    expect(page.locator(".row.cur .p")).to_have_text("typing…")
    tell_typing(anna, "cancel")
    expect(page.locator(".hd .sub")).not_to_contain_text("typing…")
    page.get_by_label("Message", exact=True).press_sequentially("Hm")
    wait_until(page, "document.querySelector('#composer').value === 'Hm'")
    assert take("typing").payload == {"peer_id": anna.peer_id, "action": "typing"}


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


def test_draft_is_kept_per_chat(open_page: Pages, admin_user: User, anna: Chat) -> None:
    other = world.make_chat(anna.session, "Diego Ferreira")
    page = connected(open_page(address(anna), user=admin_user))
    field = page.get_by_label("Message", exact=True)
    field.fill("Half a thought")
    page.locator(".row", has_text="Diego").click()
    expect(page.locator("h1")).to_have_text("Diego Ferreira")
    expect(field).to_have_value("")
    expect(page.locator(f'.row[data-chat="{anna.pk}"] .p')).to_have_text("Draft: Half a thought")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Anna Kowalska")
    expect(field).to_have_value("Half a thought")
    page.reload()
    expect(field).to_have_value("Half a thought")
    assert page.url.endswith(address(anna))
    assert other.pk != anna.pk


def test_too_long_is_said_before_sending(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    field = page.get_by_label("Message", exact=True)
    field.fill("🙂" * 2049)
    page.keyboard.press("Enter")
    expect(page.locator(".cerr")).to_contain_text("4,098 of 4,096 characters")
    assert len(field.input_value()) == 2049
    page.evaluate("""
        const data = new DataTransfer();
        data.setData("text/plain", "a".repeat(1e6));
        document.querySelector("#composer").dispatchEvent(
          new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}))
    """)
    expect(page.locator(".cerr")).to_contain_text("1,000,000 of 4,096")
    assert len(field.input_value()) == 2049
    assert not Message.objects.filter(chat=anna, telegram_id=None).exists()


def test_hostile_names_and_texts_stay_text(open_page: Pages, admin_user: User, session: Session) -> None:
    chat = world.make_chat(session, HOSTILE, kind="supergroup", username='"><b>x')
    mallory = world.make_peer(session, HOSTILE + "\u202e")
    world.make_message(
        chat, 1, "javascript link and " + HOSTILE, sender_id=mallory.peer_id,
        entities=[
            {"kind": "text_url", "offset": 0, "length": 10, "extra": "javascript:window.hacked=1"},
            {"kind": "text_url", "offset": 11, "length": 4, "extra": "https://example.org/\"onmouseover=\"x"},
            {"kind": "bold", "offset": -5, "length": 10**9},
        ],
        media={"kind": "document", "file_name": HOSTILE}, forward={"from_name": HOSTILE},
    )  # fmt: skip
    world.make_message(chat, 2, "x", service={"kind": "chat_edit_title", "title": HOSTILE}, sender_id=mallory.peer_id)
    world.make_message(chat, 3, HOSTILE, reply_to_id=1, sender_id=mallory.peer_id)
    page = connected(open_page(address(chat), user=admin_user))
    world.says(chat, 4, HOSTILE + " live", sender=mallory)
    expect(bubble(page, "live")).to_be_visible()
    assert page.evaluate("window.hacked") is None
    links = page.locator(".tx a").evaluate_all("all => all.map(a => [a.protocol, a.rel, a.target])")
    assert links == [["https:", "noopener noreferrer nofollow", "_blank"]]
    assert page.locator("#chats script, #chats img").count() == 0
    assert HOSTILE not in open_page.web.log.read_text()


def test_keyboard(open_page: Pages, admin_user: User, anna: Chat) -> None:
    second = world.make_chat(anna.session, "Diego Ferreira")
    Chat.objects.filter(pk=second.pk).update(last_message_at=datetime.now(UTC) - timedelta(days=1))
    page = connected(open_page(address(anna), user=admin_user))
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("h1")).to_have_text("Diego Ferreira")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("h1")).to_have_text("Anna Kowalska")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#log").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(bubble(page, "Hello from Anna")).to_be_focused()
    page.keyboard.press("r")
    expect(page.locator(".rep")).to_contain_text("Reply to Anna Kowalska")
    page.keyboard.press("Escape")
    expect(page.locator(".rep")).to_have_count(0)
    page.locator("#log").focus()
    page.keyboard.press("/")
    expect(page.get_by_label("Search chats")).to_be_focused()
    page.keyboard.type("dieg")
    expect(page.locator(".row")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Diego Ferreira")


def test_search_and_tabs_ask_the_server_for_what_the_page_lacks(
    open_page: Pages, admin_user: User, session: Session
) -> None:
    now = datetime.now(UTC)
    Chat.objects.bulk_create(
        Chat(
            session=session,
            peer_id=1000 + n,
            kind="user",
            title=f"Chat {n:03}",
            last_message_at=now - timedelta(minutes=n),
        )
        for n in range(150)
    )
    world.make_chat(session, "Oldest channel", kind="channel", last_message_at=now - timedelta(days=30))
    page = connected(open_page(f"/chats/{session.pk}/", user=admin_user))
    expect(page.locator(".row")).to_have_count(100)
    expect(page.get_by_role("heading", name="Choose a chat")).to_be_visible()
    page.get_by_label("Search chats").fill("chat 149")
    expect(page.locator(".row")).to_have_text([re.compile("Chat 149")])
    page.get_by_label("Search chats").fill("no such thing")
    expect(page.locator(".empty")).to_contain_text("No chat matches “no such thing”")
    page.get_by_label("Search chats").fill("")
    page.get_by_role("tab", name="Channels").click()
    expect(page.locator(".row")).to_have_text([re.compile("Oldest channel")])


def test_without_any_account(open_page: Pages, admin_user: User, axe: Callable[[Page], list[str]]) -> None:
    """What to do next is offered, not a list to choose from; the demo only where there is one (test_first_run)."""
    page = connected(open_page("/chats/", user=admin_user))
    expect(page.get_by_role("heading", name="No chats yet")).to_be_visible()
    expect(page.get_by_role("link", name="Add account")).to_be_visible()
    expect(page.get_by_label("Search chats")).to_have_count(0)
    expect(page.get_by_role("link", name="Try the demo")).to_have_count(0)
    assert axe(page) == []
    reader = User.objects.create_user("reader", password="a long enough password", is_staff=True)
    page = connected(open_page("/chats/", user=reader))
    expect(page.locator(".empty")).to_contain_text("Ask a manager for access to one.")


def test_actions_of_the_newest_message_are_in_reach_on_a_telephone(
    open_page: Pages, admin_user: User, anna: Chat
) -> None:
    for number in range(3, 30):
        world.make_message(anna, number, f"line {number}")
    page = connected(open_page(address(anna), user=admin_user, width=360, height=640))
    bubble(page, "line 29").click()
    reply = bubble(page, "line 29").get_by_role("button", name="Reply")
    expect(reply).to_be_in_viewport(ratio=1)
    reply.click(timeout=PROMPT_MS)  # nothing lies over it
    expect(page.locator(".rep")).to_contain_text("line 29")


@pytest.mark.parametrize("width", [1440, 360])
def test_switching_accounts(open_page: Pages, admin_user: User, anna: Chat, width: int) -> None:
    other = world.make_session("Support DE", status=SessionStatus.CONNECTION_FAILED)
    chat = world.make_chat(other, "Their customer")
    world.make_message(chat, 1, "Help")
    page = connected(open_page(f"/chats/{anna.session_id}/", user=admin_user, width=width, height=800))
    expect(page.locator(".row")).to_have_text([re.compile("Anna Kowalska")])
    page.locator(".acct").click()
    page.get_by_role("link", name="Support DE").click()
    expect(page.locator(".row")).to_have_text([re.compile("Their customer")])
    expect(page.locator(".net:visible")).to_contain_text("This account cannot reach Telegram")
    assert page.url.endswith(f"/chats/{other.pk}/")
    page.locator(".row").click()
    expect(bubble(page, "Help")).to_be_visible()
    page.go_back()
    page.go_back()
    expect(page.locator(".row")).to_have_text([re.compile("Anna Kowalska")])


def test_rights(open_page: Pages, web: object, anna: Chat) -> None:
    viewer = User.objects.create_user("viewer", password="a long enough password", is_staff=True)
    grant = SessionGrant.objects.create(session=anna.session, user=viewer, role=Role.VIEWER)
    page = connected(open_page(address(anna), user=viewer))
    expect(page.locator(".cmp")).to_contain_text("not write")
    assert page.get_by_role("button", name="Reply").count() == 0
    grant.role = Role.OPERATOR
    grant.save()
    expect(page.get_by_label("Message", exact=True)).to_be_visible()
    grant.delete()
    expect(page.get_by_text("You no longer have access to this account.")).to_be_visible()
    expect(page.get_by_text("Hello from Anna")).to_have_count(0)


def test_signed_out_elsewhere(open_page: Pages, admin_user: User, anna: Chat) -> None:
    open_page.tolerate("401 (Unauthorized)")  # what the page asks for meanwhile is refused too
    page = connected(open_page(address(anna), user=admin_user))
    admin_user.set_password("another long password")
    admin_user.save()
    expect(page.locator(".net")).to_contain_text("You are signed out. Sign in again; what you wrote is kept.")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1440, 360])
def test_no_axe_violations(
    open_page: Pages, admin_user: User, session: Session, axe: Callable[[Page], list[str]], width: int, dark: bool
) -> None:
    group = world.make_chat(
        session, "Launch partners", kind="supergroup", members_count=18, unread_count=1, read_inbox_max_id=2
    )
    people = [world.make_peer(session, name) for name in ("Tomasz Król", "Priya Nair")]
    world.make_message(
        group,
        1,
        "See https://example.org",
        sender_id=people[0].peer_id,
        entities=[{"kind": "url", "offset": 4, "length": 19}],
    )
    world.make_message(
        group,
        2,
        "code",
        out=True,
        staff=admin_user,
        reply_to_id=1,
        entities=[{"kind": "pre", "offset": 0, "length": 4}],
    )
    world.make_message(
        group, 3, "File", sender_id=people[1].peer_id, media={"kind": "document", "file_name": "plan.pdf", "size": 9000}
    )
    world.make_message(group, 4, "", sender_id=people[1].peer_id, deleted_at=datetime.now(UTC))
    for state, code in (("failed", "CHAT_WRITE_FORBIDDEN"), ("sending", "")):
        Message.objects.create(
            chat=group, session_id=session.pk, box=group.peer_id, random_id=len(state), state=state, error_code=code,
            sender_id=session.telegram_user_id, out=True,
            text=state, staff=admin_user,
        )  # fmt: skip
    world.make_session("Support DE", status=SessionStatus.NEEDS_SIGN_IN)
    page = connected(open_page(address(group), user=admin_user, width=width, height=800, dark=dark))
    expect(bubble(page, "code")).to_be_attached()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Escape")
    if width == 360:
        page.get_by_label("Back to chats").click()
        expect(page.locator(".row")).to_be_visible()
        assert axe(page) == []
    page.locator(".acct").click()
    expect(page.locator("#accounts")).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")


def take(kind: str) -> Command:
    """The open command of this kind, as soon as there is one; claimed, as a gateway does."""
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    while datetime.now(UTC) < deadline:
        command = Command.objects.filter(kind=kind, state=Command.State.QUEUED).first()
        if command is not None:
            Command.objects.filter(pk=command.pk).update(state=Command.State.CLAIMED)
            return command
    raise AssertionError(f"no {kind} command was queued")


def finish(command: Command, state: str = "done", code: str = "") -> None:
    with transaction.atomic():
        commands.settle(command, state, error_code=code)


def tell_typing(chat: Chat, action: str) -> None:
    """What a gateway sends through the channel layer."""
    world.group_send(
        chat.session_id,
        {
            "type": "session.typing",
            "peer_id": chat.peer_id,
            "sender_id": chat.peer_id,
            "name": chat.title,
            "action": action,
        },
    )


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


def said(chat: Chat, telegram_id: int, text: str) -> types.Message:
    return types.Message(chat.peer_id, telegram_id, datetime.now(UTC), text, sender_id=chat.peer_id)


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
    page.locator(".acct").click()
    page.get_by_role("link", name="Sales RU").click()
    rows = page.locator(".row[data-chat]")
    expect(rows.first).to_contain_text("Чат 120")
    expect(rows).to_have_count(100)
    rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(120)
    assert page.evaluate("window.loaded") == 1


def test_more_that_waits_than_is_shown_is_counted(open_page: Pages, admin_user: User, anna: Chat) -> None:
    Message.objects.bulk_create(
        Message(
            chat=anna,
            session_id=anna.session_id,
            text=f"waits {number}",
            out=True,
            sender_id=1,
            state="sending" if number else "failed",
        )
        for number in range(60)
    )
    page = connected(open_page(address(anna), user=admin_user))
    expect(page.locator("article.m").filter(has_text="waits")).to_have_count(50)
    expect(page.locator("article.m").filter(has_text=re.compile(r"waits 0\b"))).to_have_count(1)
    expect(page.get_by_text("10 more messages wait to go out in this chat.")).to_be_visible()
