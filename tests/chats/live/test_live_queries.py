"""What the hub reads for all its sockets: the number of queries does not grow with chats, messages, users."""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.chats.live.hub.reader import Reader
from apps.chats.models import Chat, Message
from apps.chats.selectors import history, lists, live, messages, unread
from apps.chats.services import events
from apps.sessions.models import Session, SessionGrant
from apps.staff.roles import Role
from tests.kit import world

pytestmark = pytest.mark.django_db


def queries(work: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as found:
        work()
    return len(found)


def happen(session: Session, count: int) -> list[Chat]:
    chats = [world.make_chat(session, f"Group {n}", kind="supergroup") for n in range(count)]
    with transaction.atomic():
        for chat in chats:
            person = world.make_peer(session, "Somebody")
            message = world.make_message(chat, 1, "x", sender_id=person.peer_id, reply_to_id=10**6)
            events.append(events.lock(chat.pk), "message", message_id=message.pk)
    return chats


def floors(chats: list[Chat]) -> dict[int, int]:
    return dict.fromkeys((chat.pk for chat in chats), 0)


@pytest.mark.django_db(transaction=True)
async def test_news_are_one_question_each(session: Session) -> None:
    """Whatever the number of chats; and what they say is what pages of history and of the list say."""
    chats = await sync_to_async(happen)(session, 200)
    asked: list[str] = []

    class Counting(Reader):
        async def _ask(self, statement: str, values: Any) -> list[tuple[Any, ...]]:
            asked.append(statement)
            return await super()._ask(statement, values)

    reader = Counting()
    try:
        changes = await reader.changes(floors(chats))
        rows = await reader.rows([session.pk], 3600.0)
        counted = await reader.unread([session.pk])
    finally:
        await reader.close()
    assert asked == [live.CHANGES, live.ROWS, unread.COUNTS]
    ids = [chat.pk for chat in chats]
    assert sorted(changes) == sorted(row.id for row in rows) == ids
    pages = await sync_to_async(lambda: [history.newest(chat, whole=True)["messages"] for chat in chats])()
    assert [[messages.payload(one) for one in changes[pk].found.values()] for pk in ids] == pages
    now = timezone.now()
    shown = {row.id: lists.payload(row, now) for row in rows}
    assert [shown[pk] for pk in ids] == await sync_to_async(lists.payloads)(ids)
    assert [lists.payload(changes[pk].row, now) for pk in ids] == [shown[pk] for pk in ids]
    assert counted == await sync_to_async(unread.counts)([session.pk])
    await sync_to_async(connections.close_all)()  # those of the thread in which all this ran


def test_pages_ask_as_often_for_few_as_for_many(session: Session) -> None:
    ids = [chat.pk for chat in happen(session, 50)]
    assert queries(lambda: lists.payloads(ids[:5])) == queries(lambda: lists.payloads(ids)) == 1
    found = list(Message.objects.values_list("pk", flat=True))
    assert (
        queries(lambda: messages.payloads(found[:5], whole=True))
        == queries(lambda: messages.payloads(found, whole=True))
        == 1
    )
    assert [one["id"] for one in messages.payloads(found[::-1], whole=True)] == found[::-1]


def test_standing_and_facts() -> None:
    def people(count: int, start: int) -> list[int]:
        sessions = [world.make_session(f"S{start + n}") for n in range(count)]
        users = [User.objects.create_user(f"u{start + n}", is_staff=True) for n in range(count)]
        for user, session in zip(users, sessions, strict=True):
            SessionGrant.objects.create(user=user, session=session, role=Role.VIEWER)
        return [user.pk for user in users]

    few, many = people(10, 0), people(200, 10)
    assert queries(lambda: live.user_accesses(few)) == queries(lambda: live.user_accesses(many)) <= 3
    ids = list(Session.objects.values_list("pk", flat=True))
    assert queries(lambda: live.session_facts(ids[:10])) == queries(lambda: live.session_facts(ids)) <= 3
    assert queries(lambda: live.session_marks(ids[:10])) == queries(lambda: live.session_marks(ids)) <= 3
    assert {pk: len(access.roles) for pk, access in live.user_accesses(few).items()} == dict.fromkeys(few, 1)


def test_nothing_asked_costs_nothing() -> None:
    assert queries(lambda: (lists.payloads([]), messages.payloads([], whole=True))) == 0
