"""The chat page in Chromium: real web server, PostgreSQL and Valkey; what comes from Telegram comes through record."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from apps.chats.models import Chat, Message
from apps.commands.models import Command
from apps.sessions.models import Session, SessionGrant, SessionStatus
from apps.staff.roles import Role
from tests.e2e.chat_page import HOSTILE, PROMPT_MS, address, anna, bubble, connected, session
from tests.e2e.conftest import Pages
from tests.kit import world

__all__ = ["anna", "session"]

pytestmark = pytest.mark.browser


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
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.locator("#log").focus()
    expect(page.locator("#log")).to_be_focused()
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
    expect(page.locator("#accounts")).to_be_visible()
    page.locator(".acct").click()
    expect(page.locator("#accounts")).to_be_hidden()
    assert axe(page) == []
    page.keyboard.press("Escape")
