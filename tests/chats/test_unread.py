"""How much is unread by account, and the list over several accounts: right, and by key whatever there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.chats.models import Chat
from apps.chats.selectors import lists, live, unread
from apps.chats.selectors.unread import Counted, Unread
from apps.sessions.models import Session
from tests.kit import world
from tgadmin.core.official import OFFICIAL

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
ACCOUNTS, CHATS = 20, 1000


def chat(session: Session, title: str, minutes: int, **facts: Any) -> Chat:
    return world.make_chat(session, title, last_message_at=NOW - timedelta(minutes=minutes), **facts)


def titles(page: Any) -> list[str]:
    return [row["title"] for row in page["chats"]]


# --- counts -----------------------------------------------------------------------------------------------------------


def test_muted_chats_and_marks_count_as_at_telegram(session: Session) -> None:
    other = world.make_session("Empty")
    for facts in (
        {"unread_count": 3},
        {"unread_count": 0},
        {"unread_mark": True},
        {"unread_count": 4, "muted_until": NOW + timedelta(hours=1)},
        {"unread_count": 5, "muted_until": NOW - timedelta(hours=1)},
        {"unread_count": 7, "peer_id": min(OFFICIAL)},
    ):
        world.make_chat(session, "x", **facts)
    found = unread.counts([session.pk, other.pk])
    assert found[session.pk] == Counted(Unread(4, 15, 1, 4), Unread(3, 8, 1, 4))
    assert found[other.pk] == Counted()
    assert [one["messages"] for one in unread.payloads({session.pk: False, other.pk: True})] == [8, 0]


def test_only_what_was_written_since_is_counted_again(session: Session) -> None:
    quiet, changed = world.make_chat(session, "x"), world.make_chat(world.make_session("Other"), "y", unread_count=1)
    Chat.objects.filter(pk=quiet.pk).update(updated_at=NOW - timedelta(hours=1))
    Chat.objects.filter(pk=changed.pk).update(updated_at=datetime.now(UTC))
    asked = {session.pk: False, changed.session_id: False}
    assert unread.changed_counts(asked, 60.0).keys() == {changed.session_id}
    assert unread.changed_counts(asked | {session.pk: True}, 60.0).keys() == asked.keys()
    with CaptureQueriesContext(connection) as queries:
        assert unread.changed_counts({}, 60.0) == {}
    assert not queries


# --- one list over several accounts -----------------------------------------------------------------------------------


def test_a_list_over_accounts_has_no_row_twice_and_none_missing(session: Session) -> None:
    other = world.make_session("Other")
    for number in range(260):
        chat((session, other)[number % 3 == 0], f"{number:03}", number // 2)
    chat(world.make_session("Hidden"), "none of theirs", 0)
    seen, found, after = {session.pk: True, other.pk: True}, [], None
    while True:
        with CaptureQueriesContext(connection) as queries:
            page = lists.page(seen, after=after)
        assert len(queries) == 1
        found += titles(page)
        if page["more"] is None:
            break
        after = lists.cursor(page["more"])
    assert sorted(found) == [f"{number:03}" for number in range(260)]
    assert [int(title) // 2 for title in found] == [number // 2 for number in range(260)]


def test_what_is_unread_comes_the_oldest_first_in_pages(session: Session) -> None:
    other = world.make_session("Other")
    for number in range(230):
        chat((session, other)[number % 2], f"{number:03}", number, unread_count=number % 2, unread_mark=number % 2 == 0)
    chat(session, "read", 500)
    seen = {session.pk: False, other.pk: False}
    first = lists.page(seen, tab="unread")
    second = lists.page(seen, tab="unread", after=lists.cursor(first["more"] or ""))
    third = lists.page(seen, tab="unread", after=lists.cursor(second["more"] or ""))
    expected = [f"{number:03}" for number in reversed(range(230))]
    assert titles(first) + titles(second) + titles(third) == expected
    assert third["more"] is None


def test_words_are_words_and_official_chats_are_for_managers(session: Session) -> None:
    chat(session, "100% Wool_x", 1, username="woolshop")
    chat(session, "1000 Woolyx", 2)
    chat(session, "Telegram", 3, peer_id=min(OFFICIAL))
    assert titles(lists.page({session.pk: True}, query="100% WOOL")) == ["100% Wool_x"]
    assert titles(lists.page({session.pk: True}, query="l_x")) == ["100% Wool_x"]
    assert titles(lists.page({session.pk: True}, query="wools")) == ["100% Wool_x"]
    assert "Telegram" in titles(lists.page({session.pk: True}))
    assert "Telegram" not in titles(lists.page({session.pk: False}))
    assert lists.page({}) == {"chats": [], "more": None}


# --- plans ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(db: None) -> list[int]:
    """Accounts with many chats, a fiftieth of them unread; nothing was written within the last hour."""
    ids = [world.make_session(f"S{number}").pk for number in range(ACCOUNTS)]
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO telegram_chats (session_id, peer_id, kind, title, username, can_send, "left", '
            "last_message_at, last_message_text, last_message_sender, last_message_out, unread_count, "
            "read_inbox_max_id, read_outbox_max_id, pinned, archived, history_complete, last_event, updated_at) "
            "SELECT s, 100000 + n, 'user', 'Chat ' || n, '', true, false, now() - (n * 20 + s) * interval '1 second', "
            "'text', '', false, CASE WHEN mod(n, 50) = 0 THEN 3 ELSE 0 END, 0, 0, false, false, true, 0, "
            "now() - interval '1 hour' FROM unnest(%s::bigint[]) s, generate_series(1, %s) n",
            [ids, CHATS],
        )
        cursor.execute("ANALYZE telegram_chats")
    return ids


def reads(statement: str, values: Any) -> int:
    """How many rows of chats the statement reads, those that it throws away included."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
        (plan,) = cursor.fetchone()
    nodes = list(_nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
    chats = [one for one in nodes if one.get("Relation Name") == "telegram_chats"]
    assert not [one for one in chats if one["Node Type"] == "Seq Scan"], chats
    return sum(
        round((one["Actual Rows"] + one.get("Rows Removed by Filter", 0)) * one["Actual Loops"]) for one in chats
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


@pytest.mark.parametrize("tab", ["all", "unread"])
@pytest.mark.parametrize("later", [False, True])
def test_a_page_reads_no_more_of_an_account_than_it_may_show(many: list[int], tab: str, later: bool) -> None:
    page = lists.page(dict.fromkeys(many, False), tab=tab)
    after = lists.cursor(page["more"] or "") if later else None
    statement, values = lists._statement(tab, "", after)
    values |= {"sessions": many, "whole": [False] * len(many), "limit": lists.PAGE + 1}
    assert reads(statement, values) <= (ACCOUNTS + 1) * (lists.PAGE + 1) + len(many)


def test_counting_reads_what_is_unread_alone_and_quiet_accounts_nothing(many: list[int]) -> None:
    assert reads(unread.COUNTS, [many, [True] * len(many), 2.0]) <= ACCOUNTS * CHATS // 50
    assert reads(unread.COUNTS, [many, [False] * len(many), 2.0]) == 0


def test_the_hubs_look_at_the_lists_reads_what_was_written_alone(many: list[int]) -> None:
    assert reads(live.ROWS, [many, 2.0, []]) == 0
    Chat.objects.filter(session=many[0], title="Chat 7").update(updated_at=datetime.now(UTC))
    assert reads(live.ROWS, [many, 60.0, []]) == 1
