"""What the hub reads for all its sockets: the number of queries does not grow with chats, messages, users."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.chats.models import Chat
from apps.chats.selectors import live
from apps.chats.services import events
from apps.sessions.models import Role, Session, SessionGrant
from tests.chats import world

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


def test_events(session: Session) -> None:
    few = happen(session, 10)
    many = happen(session, 200)
    at_few = queries(lambda: live.changes({chat.pk: 0 for chat in few}))
    assert queries(lambda: live.changes({chat.pk: 0 for chat in many})) == at_few <= 8
    found = live.changes({chat.pk: 0 for chat in many})
    assert len(found.found) == 200


def test_rows(session: Session) -> None:
    happen(session, 10)
    hour = timedelta(hours=1)
    at_few = queries(lambda: live.changed_rows([session.pk], hour))
    happen(session, 200)
    assert queries(lambda: live.changed_rows([session.pk], hour)) == at_few <= 3
    assert len(live.changed_rows([session.pk], hour)[session.pk]) == 210


def test_standing_and_facts() -> None:
    def people(count: int, start: int) -> list[int]:
        sessions = [world.make_session(f"S{start + n}") for n in range(count)]
        users = [User.objects.create_user(f"u{start + n}", is_staff=True) for n in range(count)]
        for user, session in zip(users, sessions, strict=True):
            SessionGrant.objects.create(user=user, session=session, role=Role.VIEWER)
        return [user.pk for user in users]

    few, many = people(10, 0), people(200, 10)
    assert queries(lambda: live.standings(few)) == queries(lambda: live.standings(many)) <= 3
    ids = list(Session.objects.values_list("pk", flat=True))
    assert queries(lambda: live.session_facts(ids[:10])) == queries(lambda: live.session_facts(ids)) <= 2
    assert queries(lambda: live.session_marks(ids[:10])) == queries(lambda: live.session_marks(ids)) <= 2
    assert {pk: len(standing.roles) for pk, standing in live.standings(few).items()} == dict.fromkeys(few, 1)


def test_nothing_open_costs_nothing() -> None:
    assert queries(lambda: live.changes({})) == 0
