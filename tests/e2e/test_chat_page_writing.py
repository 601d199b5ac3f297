"""Writing on the chat page in Chromium: sending, editing, drafts, what waits and what fails."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from playwright.sync_api import expect

from apps.chats.models import Chat, Message
from apps.chats.services import outcomes
from tests.e2e.chat_page import (
    address,
    all_taken,
    anna,
    bubble,
    connected,
    finish,
    session,
    settle_send,
    take,
    tell_typing,
    wait_until,
)
from tests.e2e.conftest import Pages
from tests.kit import world
from tgadmin.core import types

__all__ = ["anna", "session"]

pytestmark = pytest.mark.browser


def test_send_states_from_optimistic_to_read(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    page.get_by_label("Message", exact=True).fill("On my way")
    page.keyboard.press("Enter")
    sent = bubble(page, "On my way")
    expect(sent.get_by_text("Sending")).to_be_attached()
    expect(sent.locator(".meta")).to_contain_text("Marta")
    expect(page.get_by_label("Message", exact=True)).to_have_text("")
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
    expect(field).to_have_text("A reply")
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
        const typed = () => new InputEvent("input", {bubbles: true, inputType: "insertText"});
        const write = (text) => {field.append(text); field.dispatchEvent(typed())};
        write("one"); press("Enter"); write("two"); press("Enter"); write("three")
    """
    page.evaluate(f"{{{typed}}}")
    expect(field).to_have_text("three")
    all_taken(page)
    assert list(Message.objects.filter(telegram_id=None).order_by("pk").values_list("text", flat=True)) == [
        "one",
        "two",
    ]


def test_what_comes_in_does_not_disturb_writing(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    field = page.get_by_label("Message", exact=True)
    field.press("ArrowUp")
    expect(field).to_have_text("Our answer")
    field.press_sequentially(", half chan")
    world.says(anna, 3, "Meanwhile")
    expect(bubble(page, "Meanwhile")).to_be_visible()
    field.press_sequentially("ged")
    expect(field).to_have_text("Our answer, half changed")
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
    expect(field).to_have_text("Too late to change")
    page.keyboard.press("Enter")
    assert take("edit").payload["text"] == "Too late to change"


def test_typing_is_shown_and_sent(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    tell_typing(anna, "typing")
    expect(page.locator(".hd .sub")).to_contain_text("typing…")
    expect(page.locator(".row.cur .p")).to_have_text("typing…")
    tell_typing(anna, "cancel")
    expect(page.locator(".hd .sub")).not_to_contain_text("typing…")
    page.get_by_label("Message", exact=True).press_sequentially("Hm")
    wait_until(page, "document.querySelector('#composer').textContent === 'Hm'")
    assert take("typing").payload == {"peer_id": anna.peer_id, "action": "typing"}


def test_draft_is_kept_per_chat(open_page: Pages, admin_user: User, anna: Chat) -> None:
    other = world.make_chat(anna.session, "Diego Ferreira")
    page = connected(open_page(address(anna), user=admin_user))
    field = page.get_by_label("Message", exact=True)
    field.fill("Half a thought")
    page.locator(".row", has_text="Diego").click()
    expect(page.locator("h1")).to_have_text("Diego Ferreira")
    expect(field).to_have_text("")
    expect(page.locator(f'.row[data-chat="{anna.pk}"] .p')).to_have_text("Draft: Half a thought")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Anna Kowalska")
    expect(field).to_have_text("Half a thought")
    page.reload()
    expect(field).to_have_text("Half a thought")
    assert page.url.endswith(address(anna))
    assert other.pk != anna.pk


def test_too_long_is_said_before_sending(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    field = page.get_by_label("Message", exact=True)
    field.fill("🙂" * 2049)
    page.keyboard.press("Enter")
    expect(page.locator(".cerr")).to_contain_text("4,098 of 4,096 characters")
    assert len(field.inner_text()) == 2049
    page.evaluate("""
        const data = new DataTransfer();
        data.setData("text/plain", "a".repeat(1e6));
        document.querySelector("#composer").dispatchEvent(
          new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}))
    """)
    expect(page.locator(".cerr")).to_contain_text("1,000,000 of 4,096")
    assert len(field.inner_text()) == 2049
    assert not Message.objects.filter(chat=anna, telegram_id=None).exists()


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
