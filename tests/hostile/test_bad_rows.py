"""What is stored already may be anything that the columns take: no page of any chat fails for it.

Rows are written past everything that would keep them out, by SQL.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, models

from apps.chats.models import Chat, Event, Message, Peer, UnreadableUpdate
from apps.chats.selectors.shapes import CANNOT_BE_SHOWN
from tests.hostile.pages import Opened, open_all
from tests.kit import world
from tests.kit.record import Kit, kit, leased, new
from tgadmin.core.types import Incoming

__all__ = ["kit", "leased"]

LONG = 2**63 - 1
TIMES = ("infinity", "-infinity", "294276-12-31 23:59:59+00", "4713-01-01 00:00:00+00 BC", "10000-01-01 00:00:00+00",
         "0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00", "1969-12-31 23:59:59+00")  # fmt: skip
DEEP = "[" * 2000 + "]" * 2000
JSON = (
    "{}", "[]", "null", '"text"', "5", "true", "-1.5e300", "1e2000", "9" * 5000, DEEP, '{"kind": null}', '{"kind": []}',
    '{"kind": {"a": 1}}', '{"kind": "photo", "width": 1e999, "size": "big"}', '{"kind": "' + "k" * 5000 + '"}',
    '{"kind": "constructor"}', '{"kind": "document", "file_name": {"a": [1, 2]}, "size": -5}',
    '[{"kind": "bold"}]', '[{"kind": "bold", "offset": -5, "length": 1e300}]',
    '[{"kind": "bold", "offset": "1", "length": 2}]',
    '[{"kind": 5, "offset": 1, "length": 2, "extra": {}}, 7, null, [[]]]', '{"offset": 1}',
    '[{"kind": "text_url", "offset": 9223372036854775807, "length": 1, "extra": 5}]',
    f'{{"from_id": {2**63}}}', f'{{"from_id": {-(2**63)}}}', '{"from_id": 1.5}', '{"from_id": "7"}', '{"from_id": {}}',
    f'{{"from_id": {"9" * 5000}}}', '{"from_id": 11, "from_name": [], "date": {}}',
    '{"from_name": "' + "n" * 70000 + '"}',
    '{"date": "not a date"}', '{"action": "send", "code": {"a": 1}}', '{"max_id": "x"}',
    f'{{"kind": "poll", "answers": {DEEP}}}', '{"kind": "chat_add_user", "users": "' + "u" * 70000 + '"}',
)  # fmt: skip
TEXTS = ("", "\x01\x02\x7f", "\ufffe\uffff", "\U0010ffff" * 9, "{{", "</script>", "%s%d", "\u202e", "constructor")
LONG_TEXT = "\U0001f4a9" * 300_000
WHOLE = {"bigint": (-LONG - 1, LONG, 0, -1, 2**53 + 1), "integer": (-(2**31), 2**31 - 1, 0, -1)}
KEPT = {"id", "session", "chat", "session_id", "staff", "cid", "number"}
"""What holds rows together: a message that belongs to no chat is on no page."""


def worst(field: models.Field[Any, Any], chance: random.Random) -> Any:
    """A value that the column takes, and nobody wants."""
    kind = field.db_type(connection)
    if field.null and chance.random() < 0.15:
        return None
    if isinstance(field, models.JSONField):
        return chance.choice(JSON)
    if isinstance(field, models.DateTimeField):
        return chance.choice(TIMES)
    if isinstance(field, models.BooleanField):
        return chance.random() < 0.5
    if isinstance(field, models.PositiveIntegerField):
        return chance.choice((0, 1, 2**31 - 1))
    if isinstance(field, models.IntegerField):
        return chance.choice(WHOLE[str(kind)])
    if isinstance(field, models.BinaryField):
        return chance.randbytes(chance.choice((0, 5, 5000)))
    if field.max_length is None and chance.random() < 0.02:
        return LONG_TEXT
    return chance.choice(TEXTS)[: field.max_length]


def spoil(model: type[models.Model], pk: Any, chance: random.Random, share: float, keep: frozenset[str]) -> None:
    """Some columns of a row, past Django. A value that a constraint refuses leaves the column as it is."""
    table = model._meta.db_table
    for field in model._meta.concrete_fields:
        if field.name in KEPT | keep or chance.random() > share:
            continue
        cast = "::jsonb" if isinstance(field, models.JSONField) else ""
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT spoil")
            try:
                cursor.execute(
                    f'UPDATE {table} SET "{field.column}" = %s{cast} WHERE id = %s', [worst(field, chance), pk]
                )
            except Exception:  # noqa: BLE001 - ids that are there already, counts below nought, JSON too deep for it
                cursor.execute("ROLLBACK TO SAVEPOINT spoil")


def fill(session_id: int, seed: int, chats: int, messages: int) -> None:
    """Chats in which every row has something wrong; one message in ten in all of its columns."""
    from django.db import transaction

    from apps.sessions.models import Session

    chance = random.Random(seed)
    session = Session.objects.get(pk=session_id)
    try:
        with transaction.atomic():
            for number in range(chats):
                chat = world.make_chat(session, f"Chat {number}", kind=chance.choice(("user", "supergroup", "channel")))
                for position in range(1, messages + 1):
                    telegram_id = number * 100_000 + position
                    message = world.make_message(chat, telegram_id, f"text {position}", reply_to_id=telegram_id - 1)
                    Event.objects.create(chat=chat, number=position, kind="message", message_id=message.pk)
                    where = Event.objects.get(chat=chat, number=position).pk
                    spoil(Message, message.pk, chance, 1.0 if position % 10 == 0 else 0.15, frozenset({"box"}))
                    spoil(Event, where, chance, 0.1, frozenset({"message_id"}))
                spoil(Chat, chat.pk, chance, 1.0 if number % 2 else 0.3, frozenset({"peer_id", "updated_at"}))
                Chat.objects.filter(pk=chat.pk).update(last_event=messages)
            for peer in Peer.objects.filter(session=session):
                spoil(Peer, peer.pk, chance, 0.5, frozenset())
            aside = UnreadableUpdate.objects.create(session=session, kind="x", reason="y", data=b"")
            spoil(UnreadableUpdate, aside.pk, chance, 1.0, frozenset())
    finally:
        connection.close()


def in_thread(work: Any, *arguments: Any) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *arguments).result()


async def spoilt(kit: Kit, seed: int, chats: int, messages: int) -> Opened:
    in_thread(fill, kit.session_id, seed, chats, messages)
    return await open_all(kit.session_id, sample=chats)


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_page_opens_whatever_is_stored(kit: Kit, seed: int) -> None:
    opened = await spoilt(kit, seed, 4, 40)
    assert opened.failed == []
    assert opened.count > 50


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(3, 9))
async def test_every_page_opens_whatever_is_stored_at_length(kit: Kit, seed: int) -> None:
    assert (await spoilt(kit, seed, 20, 200)).failed == []


async def test_messages_still_arrive_in_chats_with_bad_rows(kit: Kit) -> None:
    await spoilt(kit, 4, 3, 20)
    chats = await kit.rows("SELECT id, peer_id FROM telegram_chats WHERE session_id = %s", kit.session_id)
    for chat in chats:
        await kit.batch([Incoming((new(chat["peer_id"], 2**30 + chat["id"], "news"),))])
    found = await kit.rows("SELECT text FROM telegram_messages WHERE session_id = %s AND text = 'news'", kit.session_id)
    assert len(found) == len(chats) == 3


@pytest.mark.parametrize(
    ("column", "value", "text", "shown"),
    [
        ("media", "[]", "", CANNOT_BE_SHOWN),
        ("media", "9" * 5000, "", CANNOT_BE_SHOWN),
        ("service", '"x"', "", CANNOT_BE_SHOWN),
        ("media", "[]", "words", "words"),
        ("entities", '{"a": 1}', "words", "words"),
        ("forward", f'{{"from_id": {2**63}}}', "words", "words"),
    ],
)
async def test_what_cannot_be_shown_says_so(kit: Kit, column: str, value: str, text: str, shown: str) -> None:
    def look() -> list[Any]:
        from apps.chats.selectors import history
        from apps.sessions.models import Session

        try:
            chat = world.make_chat(Session.objects.get(pk=kit.session_id), "Anna")
            for number in (1, 2):
                world.make_message(chat, number, text)
            with connection.cursor() as cursor:
                query = f"UPDATE telegram_messages SET {column} = %s::jsonb WHERE telegram_id = 1 AND chat_id = %s"
                cursor.execute(query, [value, chat.pk])
            return [one["text"] for one in history.newest(chat, whole=True)["messages"]]
        finally:
            connection.close()

    assert in_thread(look) == [shown, text]
