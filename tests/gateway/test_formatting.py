"""Formatting between pages and Telegram, over real MTProto: what is sent, what an edit keeps, captions and previews."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from telethon import types as T  # noqa: N812

from apps.chats.models import Chat, Message
from apps.chats.services import messages
from apps.commands.models import Command
from apps.sessions.models import Session
from tests.kit.threads import GatewayThread, SandboxThread
from tests.kit.waiting import eventually
from tgadmin.core.formatting import from_json
from tgadmin.core.types import Entity


@pytest.fixture
def anna(session: Session, dc: SandboxThread, person: Callable[..., int]) -> Chat:
    """A private chat with a message in it."""
    user_id = person("Anna")
    dc.world("send", user_id, session.telegram_user_id, "hello")
    return eventually(lambda: Chat.objects.filter(session=session, peer_id=user_id).first())


def photo() -> str:
    size = T.PhotoSize("x", 800, 600, 1000)
    return bytes(T.MessageMediaPhoto(photo=T.Photo(5, 6, b"ref", None, [size], 1))).hex()


def row_of(chat: Chat, telegram_id: int) -> Message:
    return eventually(lambda: Message.objects.filter(chat=chat, telegram_id=telegram_id).first())


def from_phone(session: Session, dc: SandboxThread, chat: Chat, text: str, *spans: Any, **options: Any) -> Message:
    """A message of this account that was written on its phone."""
    entities = b"".join(map(bytes, spans)).hex() or None
    me = session.telegram_user_id
    return row_of(chat, dc.world("send", me, chat.peer_id, text, entities=entities, **options))


def sent(message: Message) -> Message:
    def there() -> bool:
        message.refresh_from_db()
        assert message.state != Message.State.FAILED, message.error_code
        return message.state == Message.State.SENT

    eventually(there)
    return message


def edited(dc: SandboxThread, row: Message, command: Command) -> None:
    """Telegram has the edit, and the row has what Telegram says of it."""

    def there() -> bool:
        command.refresh_from_db()
        assert command.state != Command.State.FAILED, command.error_code
        row.refresh_from_db()
        post = at_telegram(dc, row)
        return command.state == Command.State.DONE and row.text == post.text and len(row.entities) == len(post.entities)

    eventually(there)


def at_telegram(dc: SandboxThread, message: Message) -> Any:
    """The message as Telegram has it."""
    me = message.chat.session.telegram_user_id
    return dc.call(lambda: dc.server.world.boxes.box(me).posts[message.telegram_id])


def spans_of(message: Message) -> tuple[Entity, ...]:
    message.refresh_from_db()
    return from_json(message.entities)


PARTS = (
    ("bold", ""),
    ("italic", ""),
    ("underline", ""),
    ("strike", ""),
    ("spoiler", ""),
    ("code", ""),
    ("text_url", "https://example.org/offer"),
    ("custom_emoji", "5368324170671202286"),
    ("formatted_date", "1764322476:short_time"),
    ("pre", "python"),
)
TEXT = "😀 " + " ".join(kind for kind, _ in PARTS)


def every_kind(at: int = 3) -> tuple[Entity, ...]:
    """Each word of TEXT with the formatting that it names, in a quote."""
    spans = [Entity("blockquote", at - 3, len(TEXT) + 1, "collapsed")]
    for kind, extra in PARTS:
        spans.append(Entity(kind, at, len(kind), extra))
        at += len(kind) + 1
    return tuple(spans)


def test_every_kind_goes_out_comes_back_and_survives_an_edit_of_the_text_alone(
    session: Session, dc: SandboxThread, user: User, anna: Chat
) -> None:
    spans = every_kind()
    row = messages.send(user, anna, f"  {TEXT}", cid=uuid.uuid4(), entities=every_kind(5))
    assert from_json(row.entities) == spans
    sent(row)
    post = at_telegram(dc, row)
    assert [type(one).__name__.removeprefix("MessageEntity") for one in post.entities] == [
        "Blockquote", "Bold", "Italic", "Underline", "Strike", "Spoiler", "Code", "TextUrl", "CustomEmoji",
        "FormattedDate", "Pre",
    ]  # fmt: skip
    assert spans_of(row) == spans
    edited(dc, row, messages.edit(user, row, f"{TEXT}, added"))
    assert (at_telegram(dc, row).text, spans_of(row)) == (f"{TEXT}, added", spans)


def test_an_edit_keeps_the_formatting_of_what_was_not_changed(
    session: Session, dc: SandboxThread, user: User, anna: Chat
) -> None:
    """matterbridge 1571, mautrix 74: a typo is mended and bold, link and code are gone for the other side."""
    spans = (T.MessageEntityBold(0, 5), T.MessageEntityTextUrl(6, 5, "https://example.org/offer"))
    row = from_phone(session, dc, anna, "Price offer, see ther", *spans)
    assert len(row.entities) == 2
    edited(dc, row, messages.edit(user, row, "Price offer, see there"))
    assert at_telegram(dc, row).entities == list(spans)
    row.refresh_from_db()
    edited(dc, row, messages.edit(user, row, "Price offer, see there!", [Entity("italic", 0, 5)]))
    assert at_telegram(dc, row).entities == [T.MessageEntityItalic(0, 5)]
    row.refresh_from_db()
    edited(dc, row, messages.edit(user, row, "Price offer", []))
    assert at_telegram(dc, row).entities == []


def test_what_telegram_finds_by_itself_is_left_to_it(
    session: Session, dc: SandboxThread, user: User, anna: Chat
) -> None:
    row = from_phone(session, dc, anna, "write to #team on example.org", T.MessageEntityBold(0, 5))
    kinds = [one.kind for one in spans_of(row)]
    assert kinds == ["bold", "hashtag", "url"]
    edited(dc, row, messages.edit(user, row, "Please write to #team on example.org"))
    assert [(one.kind, one.offset) for one in spans_of(row)] == [("bold", 7), ("hashtag", 16), ("url", 25)]


def test_a_mention_without_a_name(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    mention = Entity("mention_name", 0, 4, str(anna.peer_id))
    row = sent(messages.send(user, anna, "Anna, look", cid=uuid.uuid4(), entities=[mention]))
    assert at_telegram(dc, row).entities == [T.MessageEntityMentionName(0, 4, anna.peer_id)]
    assert spans_of(row) == (mention,)
    edited(dc, row, messages.edit(user, row, "Anna, look there"))
    assert at_telegram(dc, row).entities == [T.MessageEntityMentionName(0, 4, anna.peer_id)]
    stranger = messages.send(user, anna, "Who?", cid=uuid.uuid4(), entities=[Entity("mention_name", 0, 3, "4242")])
    eventually(lambda: Message.objects.filter(pk=stranger.pk, state=Message.State.FAILED).exists())
    stranger.refresh_from_db()
    assert stranger.error_code == "ENTITY_MENTION_USER_INVALID"


def test_a_caption_is_edited_and_emptied(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    row = from_phone(session, dc, anna, "A quay", T.MessageEntityBold(2, 4), media=photo(), above=True)
    assert (row.media["kind"], row.media["above"]) == ("photo", True)
    edited(dc, row, messages.edit(user, row, "A quiet quay"))
    post = at_telegram(dc, row)
    assert (post.text, post.has_caption, post.above) == ("A quiet quay", True, True)
    assert post.entities == [T.MessageEntityBold(8, 4)]
    row.refresh_from_db()
    assert (row.text, row.media["kind"]) == ("A quiet quay", "photo")
    edited(dc, row, messages.edit(user, row, ""))
    row.refresh_from_db()
    assert (row.text, row.media["kind"], at_telegram(dc, row).text) == ("", "photo", "")


def test_a_text_with_a_preview_is_edited(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    dc.world("publish", "https://example.org/tour", "The tour")
    row = from_phone(session, dc, anna, "see https://example.org/tour")
    assert (row.media["kind"], row.media["title"]) == ("web_page", "The tour")
    edited(dc, row, messages.edit(user, row, "look: https://example.org/tour"))
    row.refresh_from_db()
    assert (row.text, row.media["title"]) == ("look: https://example.org/tour", "The tour")
    assert isinstance(at_telegram(dc, row).media, T.MessageMediaWebPage)


def test_an_edit_brings_no_preview_that_was_not_wanted(
    session: Session, dc: SandboxThread, user: User, anna: Chat
) -> None:
    row = from_phone(session, dc, anna, "see https://example.org/tour")
    dc.world("publish", "https://example.org/tour", "The tour")
    edited(dc, row, messages.edit(user, row, "look: https://example.org/tour"))
    assert at_telegram(dc, row).media is None


def test_formatting_outlives_a_gateway_whose_answer_was_lost(
    session: Session, dc: SandboxThread, user: User, anna: Chat, gateway: GatewayThread, start_gateway: Any
) -> None:
    dc.faults("drop_reply", "messages.sendMessage", times=2)
    bold = Entity("bold", 3, 4)
    row = messages.send(user, anna, "😀 bold", cid=uuid.uuid4(), entities=[bold])
    eventually(lambda: len(dc.world("snapshot", session.telegram_user_id)[anna.peer_id]) == 2)
    gateway.stop()
    start_gateway()
    sent(row)
    assert at_telegram(dc, row).entities == [T.MessageEntityBold(3, 4)]
    assert spans_of(row) == (bold,)
    assert len(dc.world("snapshot", session.telegram_user_id)[anna.peer_id]) == 2
