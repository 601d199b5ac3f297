"""What is rehearsed before a web process is ready is what a page does, and stops no start."""

from __future__ import annotations

import logging
import re
from concurrent.futures import Future
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from apps.chats.live import warming
from apps.chats.selectors import live
from apps.sessions.models import SessionGrant
from apps.staff.roles import Role
from tests.kit import world

TABLES = ("staff_logins", "auth_user", "telegram_session_grants", "telegram_sessions", "telegram_chats",
          "telegram_messages")  # fmt: skip


def rehearsed(caplog: pytest.LogCaptureFixture) -> str:
    """The statements of one rehearsal."""
    with CaptureQueriesContext(connection) as asked, caplog.at_level(logging.INFO):
        warming._rehearse(Barrier(1))
    return " ".join(query["sql"] for query in asked)


@pytest.mark.django_db
def test_every_table_that_a_page_reads(caplog: pytest.LogCaptureFixture) -> None:
    session = world.make_session()
    world.make_message(world.make_chat(session, "Anna"), 1, "hello")
    user = User.objects.create_user("vera", is_staff=True)
    SessionGrant.objects.create(session=session, user=user, role=Role.VIEWER)
    sql = rehearsed(caplog)
    assert [table for table in TABLES if table not in sql] == []
    assert re.findall(r"INSERT INTO \S+|UPDATE \S+ SET", sql) in ([], ['INSERT INTO "installation"'])
    assert caplog.text == ""


@pytest.mark.django_db
def test_an_installation_with_nothing_in_it(caplog: pytest.LogCaptureFixture) -> None:
    rehearsed(caplog)
    assert caplog.text == ""


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("away"), ValueError("a fault")])
def test_what_goes_wrong_is_said_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(live, "signed_in", fail)
    warming.warm()
    assert type(error).__name__ in caplog.text


@pytest.mark.parametrize(("threads", "size", "waiting", "count"), [(9, 18, 10, 9), (30, 60, 10, 10), (9, 4, 10, 4)])
def test_no_more_than_the_pool_and_its_queue_take(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, threads: int, size: int, waiting: int, count: int
) -> None:
    """One more, and the pool refuses it: then no connection would be warm."""
    begun: list[Future[None]] = []

    def begin(rehearsal: Any) -> Future[None]:
        begun.append(Future())
        begun[-1].set_result(None)
        return begun[-1]

    settings.SOCKET_THREADS = threads
    pool = {"max_size": size, "max_waiting": waiting}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"pool": pool})
    monkeypatch.setattr(warming, "begin", begin)
    warming.warm()
    assert len(begun) == count
