"""The chat list's last message is the same whoever wrote it there: an update, a deletion, a send, a discard."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat, Message
from apps.chats.selectors.messages import payloads
from apps.chats.services import messages
from tests.kit import world
from tests.kit.record import ANNA, BEN, GROUP, PEERS, Kit, kit, leased, message, new
from tgadmin.core.types import Entity, Incoming, MessageIdAssigned, MessagesDeleted, NewMessage

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


# --- service messages -------------------------------------------------------------------------------------------------

JOINED: dict[str, Any] = {"kind": "chat_add_user", "users": [BEN]}


async def test_a_service_message_is_the_same_sentence_after_a_deletion(kit: Kit) -> None:
    """The sentence names its subject, so no sender is shown before it."""
    added = replace(message(GROUP, 2, sender_id=ANNA), text="", service=JOINED)
    await kit.record(new(GROUP, 1, "hello"), NewMessage(added))
    before = await kit.chat(GROUP)
    assert (before["last_message_id"], before["last_message_text"]) == (2, "Anna added Ben")
    assert (before["last_message_sender"], before["last_message_out"]) == ("", False)
    await kit.record(new(GROUP, 3, "bye"))
    await kit.record(MessagesDeleted(0, (3,)))
    after = await kit.chat(GROUP)
    for name in ("last_message_id", "last_message_text", "last_message_sender", "last_message_out"):
        assert after[name] == before[name], name


async def test_who_joins_by_themselves_joins(kit: Kit) -> None:
    await kit.record(NewMessage(replace(message(GROUP, 1, sender_id=BEN), text="", service=JOINED)))
    assert (await kit.chat(GROUP))["last_message_text"] == "Ben joined the group"


async def test_the_name_of_somebody_who_is_stored_only(kit: Kit) -> None:
    await kit.record(new(ANNA, 1), new(BEN, 2))
    added = replace(message(GROUP, 3, sender_id=ANNA), text="", service=JOINED)
    await kit.batch([Incoming((NewMessage(added),), (PEERS[2],))])
    assert (await kit.chat(GROUP))["last_message_text"] == "Anna added Ben"


async def test_a_service_message_of_our_own_begins_with_you(kit: Kit) -> None:
    named = replace(message(GROUP, 1, out=True), text="", service={"kind": "chat_edit_title", "title": "Team"})
    await kit.record(NewMessage(named))
    assert (await kit.chat(GROUP))["last_message_text"] == "You changed the name to “Team”"


def test_a_discarded_message_leaves_the_sentence(boss: User, news: Chat) -> None:
    anna, ben = (world.make_peer(news.session, name).peer_id for name in ("Anna", "Ben"))
    received(news, 1, sender_id=anna, service={"kind": "chat_delete_user", "user_id": ben})
    ours = messages.send(boss, news, "x", cid=uuid.uuid4())
    messages.discard(boss, ours)
    news.refresh_from_db()
    assert (news.last_message_text, news.last_message_sender) == ("Anna removed Ben", "")


# --- spoilers ---------------------------------------------------------------------------------------------------------

SECRET, COVERED = "the butler did it", "the ▒▒▒▒▒▒ did it"
SPOILER = Entity("spoiler", 4, 6)


def secret(telegram_id: int, **facts: Any) -> NewMessage:
    return NewMessage(replace(message(ANNA, telegram_id, SECRET), entities=(SPOILER,), **facts))


async def test_the_list_does_not_give_a_spoiler_away(kit: Kit) -> None:
    await kit.record(secret(1))
    assert (await kit.chat(ANNA))["last_message_text"] == COVERED
    await kit.record(new(ANNA, 2))
    await kit.record(MessagesDeleted(0, (2,)))
    assert (await kit.chat(ANNA))["last_message_text"] == COVERED


def test_nor_does_it_for_our_own(news: Chat, boss: User) -> None:
    received(news, 5)
    last = messages.send(boss, news, SECRET, cid=uuid.uuid4(), entities=[SPOILER])
    news.refresh_from_db()
    assert news.last_message_text == COVERED
    messages.send(boss, news, "more", cid=uuid.uuid4())
    messages.discard(boss, Message.objects.latest("pk"))
    Message.objects.filter(pk=last.pk).update(telegram_id=6, state="sent")
    messages.discard(boss, messages.send(boss, news, "more", cid=uuid.uuid4()))
    news.refresh_from_db()
    assert news.last_message_text == COVERED


def test_nor_does_what_answers_it(news: Chat) -> None:
    quoted = received(news, 5, entities=[{"kind": "spoiler", "offset": 4, "length": 6}])
    Message.objects.filter(pk=quoted.pk).update(text=SECRET)
    (shown,) = payloads([received(news, 6, reply_to_id=5).pk], whole=True)
    assert shown["reply"] is not None
    assert shown["reply"]["text"] == COVERED
