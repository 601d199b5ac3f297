"""Formatting on the chat page in Chromium: shortcuts, toolbar, links, pasting, drafts, edits that keep it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from apps.chats.models import Chat, Message
from tests.e2e.chat_page import address, all_taken, anna, bubble, connected, finish, session, take
from tests.e2e.conftest import Pages
from tests.kit import world
from tgadmin.core import types
from tgadmin.core.formatting import from_json
from tgadmin.core.types import Entity

__all__ = ["anna", "session"]

pytestmark = pytest.mark.browser

BOLD = {"kind": "bold", "offset": 0, "length": 5}
LINK = {"kind": "text_url", "offset": 6, "length": 5, "extra": "https://example.org/offer"}


def field_of(page: Page) -> Locator:
    return page.get_by_label("Message", exact=True)


def sent(page: Page, text: str) -> list[tuple[str, str, str]]:
    """The formatting of the message with this text, as the server has it: kind, text, what it says."""
    all_taken(page)
    row = Message.objects.get(text=text)
    units = text.encode("utf-16-le")

    def covered(span: Entity) -> str:
        return units[2 * span.offset : 2 * (span.offset + span.length)].decode("utf-16-le")

    return [(span.kind, covered(span), span.extra) for span in from_json(row.entities)]


def edited(chat: Chat, telegram_id: int, text: str, *entities: Entity, **facts: object) -> None:
    """What comes back once Telegram has an edit."""
    me = chat.session.telegram_user_id
    now = datetime.now(UTC)
    message = types.Message(
        chat.peer_id, telegram_id, now, text, sender_id=me, out=True, edit_date=now, entities=entities, **facts
    )
    world.arrive(chat.session, types.MessageEdited(message))


def paste(page: Page, markup: str, text: str) -> None:
    page.evaluate(
        """([markup, text]) => {
            const data = new DataTransfer();
            data.setData("text/html", markup);
            data.setData("text/plain", text);
            document.querySelector("#composer").dispatchEvent(
              new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        [markup, text],
    )


def select(page: Page, word: str) -> None:
    """Select a word that stands in one element of the field, as with the mouse."""
    page.evaluate(
        """(word) => {
            const walker = document.createTreeWalker(document.querySelector("#composer"), NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
              const at = node.data.indexOf(word);
              if (at < 0) continue;
              getSelection().setBaseAndExtent(node, at, node, at + word.length);
              return;
            }
        }""",
        word,
    )


def test_shortcuts_format_what_is_written_next_and_what_is_selected(
    open_page: Pages, admin_user: User, anna: Chat
) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    field = field_of(page)
    field.press("Control+b")
    field.press_sequentially("Bold")
    field.press("Control+b")
    field.press_sequentially(" plain ")
    keys = {"italic": "Control+i", "underline": "Control+u", "strike": "Control+Shift+x", "code": "Control+Shift+m"}
    for word, key in (keys | {"spoiler": "Control+Shift+p"}).items():
        field.press_sequentially(word)
        for _ in word:
            field.press("Shift+ArrowLeft")
        field.press(key)
        field.press("ArrowRight")
        field.press("End")
        if word != "spoiler":
            field.press(key) if word != "code" else None
            field.press_sequentially(" ")
    expect(field.locator("strong")).to_have_text("Bold")
    field.press("Enter")
    expect(bubble(page, "Bold plain").locator("strong")).to_have_text("Bold")
    text = "Bold plain italic underline strike code spoiler"
    found = sent(page, text)
    assert [one[0] for one in found] == ["bold", "italic", "underline", "strike", "code", "spoiler"]
    assert [(kind, covered.strip()) for kind, covered, _ in found][1:] == [(kind, kind) for kind, _, _ in found][1:]


def test_the_toolbar_by_keyboard_alone(
    open_page: Pages, admin_user: User, anna: Chat, axe: Callable[[Page], list[str]]
) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    field = field_of(page)
    toolbar = page.get_by_role("toolbar", name="Formatting")
    field.press_sequentially("Our new offer")
    expect(toolbar).to_have_count(0)
    field.press("Control+Shift+ArrowLeft")
    expect(toolbar).to_be_visible()
    field.press("Alt+F10")
    expect(toolbar.get_by_role("button", name="Bold")).to_be_focused()
    page.keyboard.press("Enter")
    expect(toolbar.get_by_role("button", name="Bold")).to_have_attribute("aria-pressed", "true")
    expect(toolbar.get_by_role("button", name="Bold")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(toolbar.get_by_role("button", name="Italic")).to_be_focused()
    assert axe(page) == []
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Address of the link")).to_be_focused()
    page.keyboard.type("javascript:alert(1)")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This is no address of a web page")
    assert axe(page) == []
    page.get_by_label("Address of the link").fill("example.org/offer")
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    field.press("End")
    field.press_sequentially(", see")
    field.press("Enter")
    assert sent(page, "Our new offer, see") == [
        ("bold", "offer", ""), ("text_url", "offer", "https://example.org/offer"),
    ]  # fmt: skip


def test_escape_leaves_the_toolbar_for_the_field(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    field = field_of(page)
    field.press_sequentially("word")
    field.press("Control+a")
    field.press("Alt+F10")
    page.keyboard.press("Escape")
    expect(field).to_be_focused()
    field.press("Control+k")
    expect(page.get_by_label("Address of the link")).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_be_focused()
    expect(field).to_have_text("word")


def test_an_edit_keeps_what_was_not_touched(open_page: Pages, admin_user: User, anna: Chat) -> None:
    world.make_message(anna, 3, "Price offer, see ther", out=True, entities=[BOLD, LINK])
    page = connected(open_page(address(anna), user=admin_user))
    field = field_of(page)
    field.press("ArrowUp")
    expect(field.locator("strong")).to_have_text("Price")
    expect(field.locator("[data-kind=text_url]")).to_have_text("offer")
    field.press_sequentially("e")
    field.press("Enter")
    command = take("edit")
    assert command.payload["text"] == "Price offer, see there"
    assert command.payload["entities"] == [BOLD, LINK]
    edited(anna, 3, "Price offer, see there", Entity("bold", 0, 5), Entity("text_url", 6, 5, LINK["extra"]))
    finish(command)
    expect(bubble(page, "see there").locator("strong")).to_have_text("Price")
    field.press("ArrowUp")
    expect(field).to_have_text("Price offer, see there")
    select(page, "Price")
    field.press("Control+i")
    field.press("Enter")
    again = take("edit")
    assert [one["kind"] for one in again.payload["entities"]] == ["bold", "italic", "text_url"]


def test_an_edit_without_a_change_asks_for_nothing(open_page: Pages, admin_user: User, anna: Chat) -> None:
    found = {"kind": "hashtag", "offset": 13, "length": 4}
    world.make_message(anna, 3, "Price offer, #see", out=True, entities=[BOLD, LINK, found])
    page = connected(open_page(address(anna), user=admin_user))
    field_of(page).press("ArrowUp")
    field_of(page).press("Enter")
    expect(page.locator(".rep")).to_have_count(0)
    field_of(page).fill("marker")
    field_of(page).press("Enter")
    expect(bubble(page, "marker")).to_be_visible()
    all_taken(page)
    kinds = list(Message.objects.get(text="marker").chat.session.commands.values_list("kind", flat=True))
    assert "edit" not in kinds


@pytest.mark.parametrize("kind", ["photo", "web_page"])
def test_a_caption_and_a_text_with_a_preview_are_edited(
    open_page: Pages, admin_user: User, anna: Chat, kind: str
) -> None:
    world.make_message(anna, 3, "A quay", out=True, media={"kind": kind, "url": "https://example.org"})
    page = connected(open_page(address(anna), user=admin_user))
    bubble(page, "A quay").hover()
    bubble(page, "A quay").get_by_role("button", name="Edit").click()
    expect(field_of(page)).to_have_text("A quay")
    expect(field_of(page)).to_be_focused()
    page.keyboard.type(", quiet")
    expect(field_of(page)).to_have_text("A quay, quiet")
    field_of(page).fill("A quiet quay")
    field_of(page).press("Enter")
    command = take("edit")
    assert command.payload["text"] == "A quiet quay"
    edited(anna, 3, "A quiet quay", media={"kind": kind})
    finish(command)
    expect(bubble(page, "A quiet quay").locator(".meta")).to_contain_text("edited")
    field_of(page).press("ArrowUp")
    field_of(page).fill("x" * 1100 if kind == "photo" else "")
    field_of(page).press("Enter")
    if kind == "photo":
        expect(page.locator(".cerr")).to_contain_text("The caption is too long: 1,100 of 1,024")
        field_of(page).fill("")
        field_of(page).press("Enter")
        assert take("edit").payload["text"] == ""
    else:
        expect(page.locator(".rep")).to_be_visible()


def test_pasted_formatting_is_telegrams_or_dropped(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    markup = (
        '<meta charset="utf-8"><h1 style="color:red">Title</h1><p>Some <b>bold</b> and '
        '<a href="https://example.org/x" onclick="window.hacked=1">a link</a>'
        '<img src="x" onerror="window.hacked=1"><script>window.hacked=1</script></p>'
    )
    paste(page, markup, "Title\nSome bold and a link")
    field = field_of(page)
    expect(field.locator("strong")).to_have_text("bold")
    assert (
        page.evaluate("document.querySelectorAll('#composer :is(img, script, h1, a, [style], [onclick])').length") == 0
    )
    paste(page, "<p>plain <i></i></p>", " and more")
    field.press("Enter")
    assert sent(page, "Title\nSome bold and a link and more") == [
        ("bold", "bold", ""), ("text_url", "a link", "https://example.org/x"),
    ]  # fmt: skip
    assert page.evaluate("window.hacked") is None


def test_a_copied_message_is_pasted_with_its_formatting(open_page: Pages, admin_user: User, anna: Chat) -> None:
    world.make_message(anna, 3, "Price offer 😀", entities=[BOLD, LINK])
    page = connected(open_page(address(anna), user=admin_user))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    bubble(page, "Price offer").hover()
    bubble(page, "Price offer").get_by_role("button", name="Copy text").click()
    expect(page.locator(".notice")).to_contain_text("Copied")
    field_of(page).press("Control+v")
    expect(field_of(page).locator("strong")).to_have_text("Price")
    field_of(page).press_sequentially("!")
    field_of(page).press("Enter")
    assert sent(page, "Price offer 😀!") == [("bold", "Price", ""), ("text_url", "offer", LINK["extra"])]


def test_lines_undo_and_a_draft_with_its_formatting(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    field = field_of(page)
    field.press_sequentially("one")
    field.press("Shift+Enter")
    field.press_sequentially("two")
    field.press("Control+Shift+ArrowLeft")
    field.press("Control+b")
    expect(field.locator("strong")).to_have_text("two")
    field.press("Control+z")
    expect(field.locator("strong")).to_have_count(0)
    assert field.inner_text() == "one\ntwo"
    field.press("Control+Shift+z")
    expect(field.locator("strong")).to_have_text("two")
    field.press("End")
    field.press("Shift+Enter")
    page.reload()
    expect(field.locator("strong")).to_have_text("two")
    field.press_sequentially("x")
    field.press("Backspace")
    field.press("Enter")
    assert sent(page, "one\ntwo") == [("bold", "two", "")]
    expect(field).to_have_text("")


def test_what_waits_keeps_its_formatting_over_a_reload(open_page: Pages, admin_user: User, anna: Chat) -> None:
    page = connected(open_page(address(anna), user=admin_user))
    waiting = {
        "cid": "0d5c4d3e-9f5e-4c68-8f3e-1a2b3c4d5e6f",
        "session": anna.session_id,
        "chat": anna.pk,
        "text": "Price offer",
        "entities": [BOLD],
        "reply_to": None,
        "at": datetime.now(UTC).isoformat(),
    }
    page.evaluate(
        "([key, text]) => localStorage.setItem(key, text)", [f"tgadmin.outbox.{admin_user.pk}", json.dumps([waiting])]
    )
    page.reload()
    expect(bubble(page, "Price offer").locator("strong")).to_have_text("Price")
    assert sent(page, "Price offer") == [("bold", "Price", "")]


def test_letters_that_are_composed_are_not_disturbed(open_page: Pages, admin_user: User, anna: Chat) -> None:
    """An input method writes over several steps (Chinese, Japanese, Android's keyboards): Enter in it sends nothing."""
    page = connected(open_page(address(anna), user=admin_user))
    field = field_of(page)
    field.press("Control+b")
    client = page.context.new_cdp_session(page)
    for step in ("に", "にほ", "日本"):
        client.send("Input.imeSetComposition", {"text": step, "selectionStart": len(step), "selectionEnd": len(step)})
    client.send("Input.insertText", {"text": "日本"})
    expect(field.locator("strong")).to_have_text("日本")
    field.press("Enter")
    assert sent(page, "日本") == [("bold", "日本", "")]


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (360, False), (360, True)])
def test_how_it_looks(
    open_page: Pages, admin_user: User, anna: Chat, axe: Callable[[Page], list[str]], width: int, dark: bool
) -> None:
    page = connected(open_page(address(anna), user=admin_user, width=width, dark=dark, height=760))
    paste(
        page,
        "<p>Hello <b>Anna</b>, our <i>new</i> <a href='https://example.org'>offer</a> with <code>KAYAK-10</code> and "
        "<s>old</s> <u>terms</u> <span class='tg-spoiler'>surprise</span></p><blockquote>as you wrote</blockquote>",
        "x",
    )
    select(page, "surprise")
    toolbar = page.get_by_role("toolbar", name="Formatting")
    field_of(page).focus()
    expect(toolbar).to_be_visible()
    box = toolbar.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert axe(page) == []
    field_of(page).press("Control+k")
    expect(page.get_by_label("Address of the link")).to_be_focused()
    assert axe(page) == []
    page.keyboard.press("Escape")
    field_of(page).press("Enter")
    expect(bubble(page, "our new")).to_be_visible()
