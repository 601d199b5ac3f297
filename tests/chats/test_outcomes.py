"""What became of a message at Telegram, as the gateway settles it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.chats.models import Chat, Event, Message
from apps.chats.services import outcomes
from apps.sessions.models import Session


@pytest.fixture
def chat(db: None) -> Chat:
    session = Session.objects.create(name="Support", network="dc-test")
    return Chat.objects.create(session=session, peer_id=5, kind="user", title="Anna")


def pending(chat: Chat, **facts: object) -> Message:
    defaults = {"random_id": 90, "state": "sending", "text": "ours", "out": True, "cid": uuid.uuid4()}
    return Message.objects.create(chat=chat, session_id=chat.session_id, **{**defaults, **facts})


def events(chat: Chat) -> list[tuple[int, str, int | None]]:
    return list(Event.objects.filter(chat=chat).order_by("number").values_list("number", "kind", "message_id"))


def test_waiting_is_shown_until_when_and_slow_mode_on_the_chat(chat: Chat) -> None:
    message, until = pending(chat), timezone.now() + timedelta(seconds=30)
    outcomes.waiting(message.pk, until, "FLOOD_WAIT")
    chat.refresh_from_db()
    assert chat.slow_until is None
    outcomes.waiting(message.pk, until, "SLOWMODE_WAIT")
    message.refresh_from_db()
    chat.refresh_from_db()
    assert (message.state, message.waits_until, message.error_code) == ("sending", until, "SLOWMODE_WAIT")
    assert chat.slow_until == until
    assert [kind for _, kind, _ in events(chat)] == ["state", "state"]


def test_failed_fails_what_is_being_sent_and_nothing_else(chat: Chat) -> None:
    message, gone = pending(chat), pending(chat, random_id=91, state="sent", telegram_id=3)
    outcomes.failed(message.pk, "CHAT_WRITE_FORBIDDEN")
    outcomes.failed(gone.pk, "CHAT_WRITE_FORBIDDEN")
    message.refresh_from_db()
    gone.refresh_from_db()
    assert (message.state, message.error_code, gone.state) == ("failed", "CHAT_WRITE_FORBIDDEN", "sent")
    assert events(chat) == [(1, "state", message.pk)]


def test_refused_tells_the_page_and_changes_nothing(chat: Chat) -> None:
    message = pending(chat, state="sent", telegram_id=3)
    outcomes.refused([message.pk, message.pk + 1000], "delete", "MESSAGE_DELETE_FORBIDDEN")
    event = Event.objects.get(chat=chat)
    assert (event.message_id, event.data) == (message.pk, {"action": "delete", "code": "MESSAGE_DELETE_FORBIDDEN"})


def test_an_outcome_rolls_back_with_its_transaction(chat: Chat) -> None:
    message = pending(chat)

    def settle_and_fail() -> None:
        with transaction.atomic():
            outcomes.failed(message.pk, "CHAT_WRITE_FORBIDDEN")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        settle_and_fail()
    message.refresh_from_db()
    chat.refresh_from_db()
    assert (message.state, chat.last_event, connection.in_atomic_block) == ("sending", 0, True)


def test_a_mark_that_was_refused_is_as_it_was(chat: Chat) -> None:
    Chat.objects.filter(pk=chat.pk).update(unread_mark=True)
    outcomes.not_marked(chat.pk, unread=False)  # another wish has been granted since
    chat.refresh_from_db()
    assert chat.unread_mark
    outcomes.not_marked(chat.pk, unread=True)
    chat.refresh_from_db()
    assert not chat.unread_mark
