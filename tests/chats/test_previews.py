"""The chat list's last message is the same whoever wrote it there: an update, a deletion, a send, a discard."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat, Message
from apps.chats.services import messages
from tests.kit import world
from tests.kit.record import ANNA, Kit, kit, leased, message, new
from tgadmin.core.types import MessageIdAssigned, MessagesDeleted, NewMessage

__all__ = ["kit", "leased"]

WITHOUT_TEXT = [({"kind": "photo"}, "Photo"), ({"kind": "round_video"}, "Round video"), (None, "")]


@pytest.fixture
def news(db: None) -> Chat:
    return world.make_chat(world.make_session(), "News")


@pytest.fixture
def boss(db: None) -> User:
    return User.objects.create_superuser("boss")


def received(chat: Chat, telegram_id: int, **facts: Any) -> Message:
    return Message.objects.create(
        chat=chat, session_id=chat.session_id, telegram_id=telegram_id, text="", state="received", **facts
    )


@pytest.mark.parametrize(("media", "shown"), WITHOUT_TEXT)
async def test_what_is_left_after_a_deletion(kit: Kit, media: dict[str, Any] | None, shown: str) -> None:
    await kit.record(NewMessage(replace(message(ANNA, 1, "x"), text="", media=media)))
    before = await kit.chat(ANNA)
    assert before["last_message_text"] == shown
    await kit.record(new(ANNA, 2))
    await kit.record(MessagesDeleted(0, (2,)))
    after = await kit.chat(ANNA)
    for name in ("last_message_id", "last_message_at", "last_message_text", "last_message_sender", "last_message_out"):
        assert after[name] == before[name], name


async def test_after_the_last_message_is_deleted_nothing_is_shown(kit: Kit) -> None:
    await kit.record(new(ANNA, 1))
    before = await kit.chat(ANNA)
    await kit.record(MessagesDeleted(0, (1,)))
    after = await kit.chat(ANNA)
    assert (after["last_message_id"], after["last_message_text"], after["last_message_out"]) == (None, "", False)
    assert after["last_message_at"] == before["last_message_at"]


@pytest.mark.parametrize(("media", "shown"), WITHOUT_TEXT)
def test_what_is_left_after_a_discard(news: Chat, boss: User, media: dict[str, Any] | None, shown: str) -> None:
    received(news, 5, media=media)
    messages.discard(boss, messages.send(boss, news, "hello", cid=uuid.uuid4()))
    assert Chat.objects.get(pk=news.pk).last_message_text == shown


@pytest.mark.django_db(transaction=True)
def test_all_that_had_arrived_is_kept_when_two_rows_become_one(news: Chat, boss: User) -> None:
    """The update came before the answer to our send, and did not say which of ours it was."""
    ours = messages.send(boss, news, "hello", cid=uuid.uuid4())
    arrived = {
        "sender_id": news.peer_id,
        "out": True,
        "text": "hello there",
        "entities": [{"kind": "bold", "offset": 0, "length": 5}],
        "reply_to_id": 3,
        "media": {"kind": "photo"},
        "forward": {"from_id": 7, "from_name": "x"},
        "service": None,
        "post_author": "Marta",
    }
    Message.objects.create(chat=news, session_id=news.session_id, box=ours.box, telegram_id=77, state="sent", **arrived)
    world.arrive(news.session, MessageIdAssigned(ours.random_id or 0, 77))
    kept = Message.objects.get(telegram_id=77)
    assert kept.pk == ours.pk
    assert {name: getattr(kept, name) for name in arrived} == arrived
