"""What services make of formatting: it is stored with the text, goes into the edit's command, and is refused with a
sentence where it cannot be sent."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from apps.chats.live.frames import InvalidError, parse
from apps.chats.live.frames.checks import MAX_SPANS
from apps.chats.models import Chat
from apps.chats.selectors import messages as shown
from apps.chats.services import messages
from apps.commands.models import Command
from tests.kit import world
from tgadmin.core.errors import UserError
from tgadmin.core.frames import encoded
from tgadmin.core.types import Entity

BOLD = {"kind": "bold", "offset": 0, "length": 5}
LINK = {"kind": "text_url", "offset": 6, "length": 5, "extra": "https://example.org/offer"}


@pytest.mark.django_db
def test_a_message_is_stored_with_its_formatting(operator: User, chat: Chat) -> None:
    spans = [Entity("bold", 2, 5), Entity("text_url", 8, 5, "javascript:alert(1)"), Entity("hashtag", 2, 5)]
    message = messages.send(operator, chat, "  Price offer ", cid=uuid4(), entities=spans)
    assert (message.text, message.entities) == ("Price offer", [BOLD])
    (page,) = shown.payloads([message.pk], whole=False)
    assert page["entities"] == [BOLD]
    chat.refresh_from_db()
    assert chat.last_message_text == "Price offer"


@pytest.mark.django_db
def test_an_edit_brings_its_formatting_along(operator: User, chat: Chat) -> None:
    message = world.make_message(chat, 5, "Price offer", out=True, entities=[BOLD, LINK])
    given = messages.edit(operator, message, "Price offers", [Entity("italic", 6, 6)])
    assert given.payload["entities"] == [{"kind": "italic", "offset": 6, "length": 6}]
    kept = messages.edit(operator, message, "The best Price offer")
    assert kept.payload["entities"] == [BOLD | {"offset": 9}, LINK | {"offset": 15}]
    bare = messages.edit(operator, message, "Price offer", [])
    assert bare.payload == {"message": message.pk, "text": "Price offer"}


@pytest.mark.django_db
def test_an_address_that_telegram_has_taken_once_stays(operator: User, chat: Chat) -> None:
    odd = LINK | {"extra": "mailto:a@b.example"}
    message = world.make_message(chat, 5, "Price offer", out=True, entities=[odd])
    spans = [Entity("text_url", 6, 5, "mailto:a@b.example"), Entity("text_url", 0, 5, "mailto:other@b.example")]
    assert messages.edit(operator, message, "Price offer", spans).payload["entities"] == [odd]


@pytest.mark.django_db
def test_what_is_too_much_is_refused_with_a_sentence(operator: User, chat: Chat) -> None:
    many = [Entity("bold", 2 * number, 1) for number in range(101)]
    photo = world.make_message(chat, 5, "A quay", out=True, media={"kind": "photo"})
    premium = world.make_message(chat, 6, "x" * 2000, out=True, media={"kind": "photo"})
    send = messages.send
    for act, code, words in (
        (lambda: send(operator, chat, "a " * 101, cid=uuid4(), entities=many), "TOO_MUCH_FORMATTING", "101 of 100"),
        (lambda: messages.edit(operator, photo, "x" * 1025), "TOO_LONG", "The caption is too long: 1,025 of 1,024"),
        (lambda: messages.edit(operator, premium, "x" * 4097), "TOO_LONG", "4,097 of 4,096"),
        (lambda: messages.send(operator, chat, "x" * 4097, cid=uuid4()), "TOO_LONG", "The message is too long: 4,097"),
    ):  # fmt: skip
        with pytest.raises(UserError) as refused:
            act()
        assert refused.value.code == code
        assert words in refused.value.message
    assert not Command.objects.exists()
    assert messages.edit(operator, premium, "x" * 2048).payload["text"] == "x" * 2048


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["photo", "video", "document", "voice", "audio", "gif", "web_page"])
def test_captions_and_texts_with_a_preview_can_be_edited(operator: User, chat: Chat, kind: str) -> None:
    message = world.make_message(chat, 5, "A quay", out=True, media={"kind": kind})
    assert messages.edit(operator, message, "A quiet quay").kind == "edit"
    if kind == "web_page":
        with pytest.raises(UserError) as refused:
            messages.edit(operator, message, " ")
        assert refused.value.code == "EMPTY"
    else:
        assert messages.edit(operator, message, " ").payload == {"message": message.pk, "text": ""}


WITHOUT_TEXT: list[dict[str, Any]] = [
    *({"media": {"kind": kind}} for kind in ("sticker", "video_note", "poll", "location")),
    {"service": {"kind": "chat_create"}},
]


@pytest.mark.django_db
@pytest.mark.parametrize("facts", WITHOUT_TEXT)
def test_what_has_no_text_cannot(operator: User, chat: Chat, facts: dict[str, Any]) -> None:
    with pytest.raises(UserError) as refused:
        messages.edit(operator, world.make_message(chat, 5, "", out=True, **facts), "text")
    assert refused.value.code == "NOT_TEXT"


def frame(**fields: Any) -> str:
    given = {"type": "send", "chat": 1, "cid": str(uuid4()), "text": "Price offer", "ref": "r"} | fields
    return encoded(given)


@pytest.mark.pure
def test_a_frame_brings_spans() -> None:
    found: Any = parse(frame(entities=[BOLD, LINK]))
    assert found.entities == (Entity("bold", 0, 5), Entity("text_url", 6, 5, "https://example.org/offer"))
    without: Any = parse(frame())
    assert without.entities is None


@pytest.mark.pure
@pytest.mark.parametrize(
    "entities",
    [
        "bold",
        {"kind": "bold"},
        [None],
        [{"kind": "bold", "offset": 0}],
        [BOLD | {"offset": -1}],
        [BOLD | {"length": 1.5}],
        [BOLD | {"length": True}],
        [BOLD | {"offset": 2**63}],
        [BOLD | {"kind": 5}],
        [BOLD | {"kind": "x" * 65}],
        [BOLD | {"extra": ["x"]}],
        [BOLD | {"extra": "x" * 4097}],
        [BOLD | {"more": 1}],
        [BOLD] * (MAX_SPANS + 1),
    ],
)
def test_a_frame_with_what_are_no_spans_is_refused(entities: object) -> None:
    with pytest.raises(InvalidError) as refused:
        parse(frame(entities=entities))
    assert refused.value.message.startswith("entities: must ")
