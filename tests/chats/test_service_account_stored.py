"""The codes that Telegram's own accounts write: masked before anything is stored, and so they stay."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from apps.chats.models import Chat, Message, MessageSecret
from apps.sessions.services.keys import encrypted_columns
from tests.chats.official import (
    CODE,
    CODES,
    SECOND,
    THIRD,
    WORDS,
    anna,
    arrive,
    chat,
    dump,
    forwarded,
    secret_of,
    written,
)
from tests.kit.people import chat as secret_chat
from tests.kit.people import quick_passwords
from tgadmin.core import types
from tgadmin.core.official import SERVICE

__all__ = ["anna", "chat", "quick_passwords", "secret_chat"]


@pytest.mark.django_db(transaction=True)
def test_no_column_holds_a_code(chat: Chat, anna: Chat) -> None:
    unreadable = types.Unreadable("NewMessage", "DataError", repr(written(7, CODE)).encode())
    arrive(chat.session, unreadable, types.MessageEdited(written(5, SECOND)))
    columns = dump()
    assert not [place for place, text in columns.items() for code in CODES if code in text]
    assert columns["telegram_message_secrets", "secret"]
    assert columns["telegram_unreadable_updates", "data"]
    encrypted = {(column.table, column.name) for column in encrypted_columns()}
    assert {("telegram_message_secrets", "secret"), ("telegram_unreadable_updates", "data")} <= encrypted


@pytest.mark.django_db(transaction=True)
def test_what_is_masked_follows_its_message(chat: Chat) -> None:
    """Edits with another code and with none, a deletion, history, an account that is removed."""
    session = chat.session
    assert CODE in (secret_of(session, 5) or "")
    arrive(session, types.MessageEdited(written(5, SECOND)))
    assert SECOND in (secret_of(session, 5) or "")
    arrive(session, types.MessageEdited(types.Message(SERVICE, 5, datetime.now(UTC), "This code is no longer good.")))
    message = Message.objects.get(session_id=session.pk, telegram_id=5)
    assert (message.text, secret_of(session, 5)) == ("This code is no longer good.", None)
    assert message.managers_only
    arrive(session, types.MessageEdited(written(5, THIRD)))
    assert THIRD in (secret_of(session, 5) or "")
    arrive(session, types.MessagesDeleted(0, (5,)))
    message.refresh_from_db()
    assert (message.text, message.managers_only, secret_of(session, 5)) == ("", True, None)
    page = (written(6, THIRD), written(4 + 100, CODE))
    arrive(session, types.History(SERVICE, page, 0, complete=True))
    assert CODE in (secret_of(session, 104) or "")
    arrive(session, types.History(SERVICE, (written(104, CODE),), 0, complete=True))  # 6 is there no more
    assert secret_of(session, 6) is None
    assert CODE in (secret_of(session, 104) or "")
    session.delete()
    assert not MessageSecret.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_edit_that_names_no_origin_any_more_unmasks_nothing(anna: Chat) -> None:
    plain = types.Message(anna.peer_id, 3, datetime.now(UTC), f"{WORDS}: {CODE}", anna.peer_id)
    arrive(anna.session, types.MessageEdited(plain))
    message = Message.objects.get(session_id=anna.session_id, telegram_id=3)
    assert (message.text, message.managers_only) == (f"{WORDS}: •••••", True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("twin_is_stored", [True, False])
def test_two_rows_that_become_one_keep_what_was_masked(anna: Chat, twin_is_stored: bool) -> None:
    """One of ours that arrived before the word of its id: the page's own row stays, and the secret opens for it."""
    session = anna.session
    ours = Message.objects.create(
        chat=anna, session_id=session.pk, random_id=77, state="sending", out=True, text="x", sender_id=1
    )
    arrived = types.NewMessage(forwarded(30, CODE, anna.peer_id))
    assigned = types.MessageIdAssigned(77, 30)
    for batch in ([arrived], [assigned]) if twin_is_stored else ([arrived, assigned],):
        arrive(session, *batch)
    (row,) = Message.objects.filter(session_id=session.pk, telegram_id=30)
    assert (row.pk, row.managers_only, CODE in row.text) == (ours.pk, True, False)
    assert CODE in (secret_of(session, 30) or "")
    assert not MessageSecret.objects.exclude(message__managers_only=True).exists()
