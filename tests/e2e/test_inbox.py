"""All accounts at a glance, as an operator of five works with them: by keyboard alone, over real sockets."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from apps.chats.models import Chat, LivePlace, Message
from apps.sessions.models import Session, SessionGrant, SessionStatus
from apps.staff.roles import Role
from tests.e2e.chat_page import address, all_taken, bubble, connected, settle_send, take, wait_until
from tests.e2e.conftest import Pages
from tests.kit import world

pytestmark = pytest.mark.browser

NAMES = ("Events BR", "Events DE", "Sales EU", "Support 1", "Support 2")
STUB = """
window.notified = [];
window.Notification = class {
  static permission = localStorage.getItem("stub") ?? "default";
  static async requestPermission() { localStorage.setItem("stub", "granted"); return (this.permission = "granted"); }
  constructor(title, options) { Object.assign(this, options, { title }); window.notified.push(this); }
  close() {}
};
"""
"""Only the browser's own class, which records what it is given."""


@pytest.fixture
def operator(web: object) -> User:
    return User.objects.create_user(
        "james", password="a long enough password", is_staff=True, first_name="James", last_name="Okafor"
    )


@pytest.fixture
def accounts(operator: User) -> list[Session]:
    """Five, with a chat of each; the operator has a right in them, and none in the one more that there is."""
    made = [world.make_session(name) for name in NAMES]
    for number, session in enumerate(made):
        SessionGrant.objects.create(session=session, user=operator, role=Role.OPERATOR)
        chat = world.make_chat(session, f"Customer {number + 1}")
        ago = datetime.now(UTC) - timedelta(minutes=10 * (number + 1))
        world.make_message(chat, 1, f"Hello from {number + 1}", date=ago)
        Chat.objects.filter(pk=chat.pk).update(read_inbox_max_id=1)
    other = world.make_chat(world.make_session("Board"), "Somebody else")
    world.make_message(other, 1, "None of their business")
    Chat.objects.filter(pk=other.pk).update(unread_count=1)
    return made


def customer(number: int) -> Chat:
    return Chat.objects.get(title=f"Customer {number}")


def account(page: Page, name: str) -> object:
    return page.locator("#accounts").get_by_role("link", name=re.compile(f"^{name}"))


def test_five_accounts_by_keyboard_alone(open_page: Pages, operator: User, accounts: list[Session]) -> None:
    """Messages arrive in three of them: they are seen, reached, answered, one is marked as unread."""
    page = connected(open_page("/", user=operator))
    assert page.url.endswith("/chats/all/")
    expect(page.locator(".row")).to_have_count(5)
    expect(page.locator(".row").first.locator(".ac")).to_have_text(re.compile("Events BR"))
    page.locator("body").press("Tab")
    expect(page.get_by_role("link", name="Skip to the chats")).to_be_focused()

    hear_and_answer(page, accounts)
    mark_by_hand(page)
    switch_and_go_on(page, accounts)

    # The next visit begins where this one ended.
    wait_for_place(operator, accounts[0].pk, customer(1).pk)
    other = connected(open_page("/", user=operator))
    expect(other.locator("h1")).to_have_text("Customer 1")


def hear_and_answer(page: Page, accounts: list[Session]) -> None:
    # The totals follow everywhere.
    for number in (4, 2, 1):
        world.says(customer(number), 2, f"Question of {number}")
    world.says(customer(1), 3, "And another one")
    expect(page).to_have_title("(3) Chats · tgadmin")
    expect(page.locator("#rail-chats")).to_have_attribute("aria-label", "Chats, 3 unread")
    expect(page.get_by_role("button", name="All accounts")).to_contain_text("3 unread chats, 4 messages")
    expect(account(page, "Events BR")).to_contain_text("1 unread chat, 2 messages")
    expect(account(page, "Sales EU")).to_contain_text("nothing unread")
    expect(page.locator(".row .t")).to_have_text(["Customer 1", "Customer 2", "Customer 4", "Customer 3", "Customer 5"])

    # The next unread one is the one that has waited longest.
    page.keyboard.press("Alt+Shift+ArrowDown")
    expect(page.locator("h1")).to_have_text("Customer 4")
    expect(page.locator(".hd .sub")).to_contain_text("Support 1")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.type("Answer to 4")
    page.keyboard.press("Enter")
    all_taken(page)
    settle_send("Answer to 4", 3)
    expect(bubble(page, "Answer to 4")).to_be_visible()
    assert Message.objects.get(text="Answer to 4").session_id == accounts[3].pk
    expect(page).to_have_title("(2) Customer 4 · tgadmin")


def mark_by_hand(page: Page) -> None:
    page.keyboard.press("Alt+Shift+ArrowDown")
    expect(page.locator("h1")).to_have_text("Customer 2")
    expect(page).to_have_title("(1) Customer 2 · tgadmin")
    # Marked by hand it is unread again, here and at Telegram.
    page.keyboard.press("Alt+Shift+KeyU")
    expect(page.get_by_role("heading", name="Choose a chat")).to_be_visible()
    row = page.locator(f'.row[data-chat="{customer(2).pk}"]')
    expect(row).to_be_focused()
    expect(row).to_contain_text("marked as unread")
    expect(page).to_have_title("(2) Chats · tgadmin")
    command = take("mark")
    assert command.payload == {"chat": customer(2).pk, "peer_id": customer(2).peer_id, "unread": True}
    page.keyboard.press("u")
    expect(page).to_have_title("(1) Chats · tgadmin")
    page.keyboard.press("u")
    expect(page).to_have_title("(2) Chats · tgadmin")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Customer 2")
    expect(page).to_have_title("(1) Customer 2 · tgadmin")
    assert not customer(2).unread_mark


def switch_and_go_on(page: Page, accounts: list[Session]) -> None:
    # The switcher, by key: one account's list alone, and back.
    page.keyboard.press("Alt+Shift+ArrowUp")
    page.keyboard.press("Home")
    expect(account(page, "Events BR")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".row .t")).to_have_text(["Customer 2"])
    expect(page.locator(".row")).to_be_focused()
    assert page.url.endswith(f"/chats/{accounts[1].pk}/")
    # What is unread in another account is next all the same.
    page.keyboard.press("Alt+Shift+ArrowDown")
    expect(page.locator("h1")).to_have_text("Customer 1")
    expect(page).to_have_title("Customer 1 · tgadmin")
    page.keyboard.press("Alt+Shift+ArrowDown")
    expect(page.get_by_text("Nothing else is unread.")).to_be_visible()


def wait_for_place(user: User, session: int | None, chat: int | None) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=20)
    while not LivePlace.objects.filter(user_id=user.pk, session_id=session, chat_id=chat).exists():
        assert datetime.now(UTC) < deadline, list(LivePlace.objects.values())


def notified(page: Page) -> list[tuple[str, str, bool]]:
    return [tuple(one) for one in page.evaluate("notified.map(one => [one.title, one.body, one.silent])")]


def test_one_notice_for_a_message_over_several_pages(
    open_page: Pages, operator: User, accounts: list[Session], axe: Callable[[Page], list[str]]
) -> None:
    first = stubbed(open_page, operator)
    assert notified(first) == []
    first.get_by_role("button", name="Allow").press("Enter")
    dialog = first.get_by_role("dialog", name="Desktop notices")
    expect(dialog).to_be_visible()
    dialog.get_by_label("With text: Sales EU").press("Space")
    dialog.get_by_label("Sound: Sales EU").press("Space")
    dialog.get_by_label("Show: Support 2").press("Space")
    # A list that is short reaches the bottom all the same: what lies over the page takes no room in it.
    assert first.evaluate("document.querySelector('.list').getBoundingClientRect().bottom === innerHeight")
    assert axe(first) == []
    first.keyboard.press("Escape")
    expect(first.get_by_text("Show desktop notices?")).to_have_count(0)
    # Another page of the same browser, with another account's list.
    second = first.context.new_page()
    second.goto(address(customer(1)))
    connected(second)
    wait_until(second, "document.hasFocus()")

    world.says(customer(3), 2, "Secret words")
    world.says(customer(5), 2, "Of an account that is off")
    world.says(customer(2), 2, "Other words")
    world.says(customer(1), 2, "They look at this one")
    expect(second).to_have_title(re.compile(r"^\(3\)"))
    wait_until(first, "notified.length > 1")
    assert notified(second) == []
    assert sorted(notified(first)) == [
        ("Customer 2 · Events DE", "New message", False),
        ("Customer 3 · Sales EU", "Secret words", True),
    ]
    # The other page goes on with it, and repeats nothing.
    first.close()
    wait_until(second, "navigator.locks.query().then(all => all.held.length === 1) && true")
    world.says(customer(4), 2, "Later")
    wait_until(second, "notified.length > 0")
    assert [title for title, *_ in notified(second)] == ["Customer 4 · Support 1"]
    second.evaluate("notified[0].onclick()")
    expect(second.locator("h1")).to_have_text("Customer 4")


def stubbed(open_page: Pages, user: User) -> Page:
    """A page in a window of its own whose Notification is the stub's."""
    page = open_page("/chats/all/", user=user)
    page.context.add_init_script(STUB)
    page.reload()
    return connected(page)


def test_not_now_is_heeded(open_page: Pages, operator: User, accounts: list[Session]) -> None:
    page = stubbed(open_page, operator)
    page.get_by_role("button", name="Not now").press("Enter")
    expect(page.get_by_text("Show desktop notices?")).to_have_count(0)
    expect(page.get_by_label("Search all accounts")).to_be_focused()
    page.reload()
    connected(page)
    expect(page.get_by_text("Show desktop notices?")).to_have_count(0)


def test_a_right_that_is_lost_takes_the_account_off(open_page: Pages, operator: User, accounts: list[Session]) -> None:
    open_page.tolerate("404 (Not Found)")  # what the page asks for meanwhile
    page = connected(open_page("/chats/all/", user=operator))
    world.says(customer(2), 2, "For a colleague")
    world.says(customer(3), 2, "For me")
    expect(page).to_have_title("(2) Chats · tgadmin")
    page.locator(".row").filter(has_text="Customer 2").click()
    expect(page.locator("h1")).to_have_text("Customer 2")
    SessionGrant.objects.filter(session=accounts[1]).delete()
    expect(page.get_by_text("You no longer have access to this account.")).to_be_visible()
    expect(page.locator(".row")).to_have_count(4)
    expect(page).to_have_title("(1) Chats · tgadmin")
    assert "Customer 2" not in page.locator("#chats").inner_text()
    SessionGrant.objects.create(session=accounts[1], user=operator, role=Role.VIEWER)
    expect(page.locator(".row")).to_have_count(5)


def test_the_unread_tab_has_the_oldest_first_whatever_the_page_knows(
    open_page: Pages, operator: User, accounts: list[Session]
) -> None:
    now = datetime.now(UTC)
    Chat.objects.bulk_create(
        Chat(
            session=accounts[number % 2], peer_id=5000 + number, kind="user", title=f"Chat {number:03}",
            last_message_at=now - timedelta(hours=number), unread_count=number % 50 == 49,
        )
        for number in range(150)
    )  # fmt: skip
    page = connected(open_page("/chats/all/", user=operator))
    expect(page.locator(".row")).to_have_count(100)
    page.get_by_role("tab", name="Unread").click()
    expect(page.locator(".row .t")).to_have_text(["Chat 149", "Chat 099", "Chat 049"])
    page.get_by_label("Search all accounts").fill("chat 14")
    expect(page.locator(".row .t")).to_have_text(["Chat 149"])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1440, 360])
def test_no_axe_violations(
    open_page: Pages, operator: User, accounts: list[Session], axe: Callable[[Page], list[str]], width: int, dark: bool
) -> None:
    """In every state of the switcher and of the list, also with more than a hundred unread chats."""
    names = (
        "Camila Duarte",
        "Anna Kowalska",
        "Олександра Шевчук-Кравченко",
        "Northwind Events",
        "مريم الحسن",
        "ณัฐวุฒิ ศรีสุวรรณ",
    )
    for number, name in enumerate(names):
        chat = world.make_chat(accounts[number % 5], name, kind="supergroup" if name[0] == "N" else "user")
        world.make_message(chat, 50 + number, "Any news? I will be at home until 15:00 only.", date=datetime.now(UTC))
        later = datetime.now(UTC) + timedelta(days=1)
        Chat.objects.filter(pk=chat.pk).update(
            unread_count=12 if number == 3 else number, muted_until=later if number == 3 else None
        )
    Chat.objects.bulk_create(
        Chat(session=accounts[2], peer_id=9000 + number, kind="user", title=f"Waiting {number}", unread_count=1,
             last_message_at=datetime.now(UTC) - timedelta(days=2))
        for number in range(120)
    )  # fmt: skip
    Session.objects.filter(name="Support 2").update(status=SessionStatus.NEEDS_SIGN_IN)
    Session.objects.filter(name="Events DE").update(status=SessionStatus.DISCONNECTED)
    height = 740 if width == 360 else 900
    page = connected(open_page("/chats/all/", user=operator, width=width, height=height, dark=dark))
    expect(page.locator("#rail-chats")).to_have_attribute("aria-label", re.compile("12[0-9] unread"))
    assert axe(page) == []
    page.locator(".row").filter(has_text="Camila Duarte").click()
    expect(bubble(page, "Any news?")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="More actions").click()
    expect(page.get_by_role("menuitem", name="Mark as unread")).to_be_focused()
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="More actions")).to_be_focused()
    page.evaluate("document.getElementById('notices').showModal()")
    assert axe(page) == []
