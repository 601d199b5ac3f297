"""Pruning is in nobody's way: small batches by an index, no waiting for locks, none held for long."""

from __future__ import annotations

import itertools
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from apps.commands.models import Command
from apps.common import retention
from apps.common.retention import Pruned
from apps.sessions.models import Session
from tests.common.retained import DAY, Settled, session, settled

__all__ = ["session", "settled"]


@pytest.fixture
def other() -> Iterator[psycopg.Connection[Any]]:
    """A connection of somebody else's, who waits for no lock longer than a moment."""
    given = connection.get_connection_params()
    params = {key: given[key] for key in given if key not in {"cursor_factory", "context", "pool", "prepare_threshold"}}
    with psycopg.connect(**params) as held:
        held.execute("SET lock_timeout = '200ms'")
        yield held


@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_locked_is_left_and_waited_for_by_nobody(
    settled: Settled, other: psycopg.Connection[Any]
) -> None:
    held, free = settled(99, "failed"), settled(98, "failed")
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    other.execute("SELECT id FROM telegram_commands WHERE id = %s FOR UPDATE", [held.pk])
    assert retention.prune()["telegram_commands"] == 1
    assert list(Command.objects.all()) == [held]
    other.execute("UPDATE telegram_commands SET state = 'claimed', settled_at = NULL WHERE id = %s", [held.pk])
    other.commit()
    assert retention.prune()["telegram_commands"] == 0
    assert free.pk != held.pk


@pytest.mark.django_db(transaction=True)
def test_what_pruning_holds_is_in_nobodys_way(
    settled: Settled, session: Session, other: psycopg.Connection[Any]
) -> None:
    """While a batch's transaction is open: new rows, claims and the session's own row are free."""
    queued, old = settled(99, "queued"), settled(99, "failed")
    rows = next(iter(retention.decisions()["telegram_commands"]._parts(timezone.now())))  # type: ignore[attr-defined]
    with transaction.atomic():
        assert retention._delete(rows) == 1
        other.execute(
            "INSERT INTO telegram_commands (session_id, kind, lane, payload, state, error_code, attempts, created_at) "
            "VALUES (%s, 'x', 'x', '{}', 'queued', '', 0, now())",
            [session.pk],
        )
        claim = "SELECT id FROM telegram_commands WHERE state = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
        assert other.execute(claim).fetchone() == (queued.pk,)
        other.execute("SELECT id FROM telegram_sessions WHERE id = %s FOR UPDATE", [session.pk])
        other.commit()
    assert not Command.objects.filter(pk=old.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_pruning_beside_writers(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are made, claimed and settled all the while, by somebody who waits for no lock longer than a moment."""
    monkeypatch.setattr(retention, "BATCH", 50)
    long_ago = timezone.now() - 99 * DAY
    Command.objects.bulk_create(
        Command(session=session, kind="x", lane="x", state="failed", settled_at=long_ago) for _ in range(2000)
    )
    given = connection.get_connection_params()
    params = {key: given[key] for key in given if key not in {"cursor_factory", "context", "pool", "prepare_threshold"}}
    done, trouble, made = threading.Event(), [], itertools.count()

    def write() -> None:
        with psycopg.connect(**params, autocommit=True) as writer:
            writer.execute("SET lock_timeout = '500ms'")
            while not done.is_set() or next(made) < 20:
                try:
                    _ask_claim_settle(writer, session.pk)
                except psycopg.Error as error:
                    trouble.append(error)

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        gone = retention.prune(clock=lambda: 0.0)["telegram_commands"]
    finally:
        done.set()
        for thread in threads:
            thread.join(30)
    assert trouble == []
    assert gone == 2000
    assert Command.objects.filter(settled_at=long_ago).count() == 0
    assert Command.objects.filter(state="done").count() >= 20


def _ask_claim_settle(writer: psycopg.Connection[Any], session_id: int) -> None:
    lane = uuid.uuid4().hex
    writer.execute(
        "INSERT INTO telegram_commands (session_id, kind, lane, payload, state, error_code, attempts, created_at) "
        "VALUES (%s, 'x', %s, '{}', 'queued', '', 0, now())",
        [session_id, lane],
    )
    for state, rest in (("claimed", ""), ("done", ", settled_at = now()")):
        changed = writer.execute(f"UPDATE telegram_commands SET state = '{state}'{rest} WHERE lane = %s", [lane])
        assert changed.rowcount == 1


# --- the plans ------------------------------------------------------------------------------------------------------

GROWN: dict[str, str] = {
    "telegram_access_requests": "INSERT INTO telegram_access_requests (session_id, user_id, asked_at, decided_at) "
    "SELECT %(session)s, %(user)s, now(), now() - n * interval '1 minute' FROM generate_series(1, {count}) n",
    "telegram_commands": "INSERT INTO telegram_commands (session_id, kind, lane, payload, state, error_code, attempts, "
    "origin, asked_by, created_at, settled_at) SELECT %(session)s, 'send', 'x', '{{\"message\": 1}}', 'done', '', 1, "
    "'person', '', "
    "now() - n * interval '1 minute', now() - n * interval '1 minute' FROM generate_series(1, {count}) n",
    "telegram_session_events": "INSERT INTO telegram_session_events (session_id, at, kind, code, detail) "
    "SELECT %(session)s, now() - n * interval '1 hour', 'x', '', '{{}}' FROM generate_series(1, {count}) n",
    "telegram_gaps": "INSERT INTO telegram_gaps (session_id, box, low_pts, high_pts, how, after_row, at, closed_at) "
    "SELECT %(session)s, 0, 1, 2, 'x', 0, now(), now() - n * interval '1 minute' FROM generate_series(1, {count}) n",
    "telegram_unreadable_updates": "INSERT INTO telegram_unreadable_updates (session_id, kind, reason, data, at) "
    "SELECT %(session)s, 'x', 'x', '\\x', now() - n * interval '1 minute' FROM generate_series(1, {count}) n",
    "telegram_sign_ins": "INSERT INTO telegram_sign_ins (id, session_id, method, phone, step, busy, error_code, "
    "code_via, next_via, password_hint, numbers, started_at, updated_at) "
    "SELECT gen_random_uuid(), %(session)s, 'qr', '', 'done', false, "
    "'', '', '', '', 1, now(), now() - n * interval '1 minute' FROM generate_series(1, {count}) n",
    "telegram_flood_waits": "INSERT INTO telegram_flood_waits (session_id, method, peer_id, until, code, noted_at) "
    "SELECT %(session)s, 'm', n, now() - n * interval '1 minute', '', now() FROM generate_series(1, {count}) n",
    "django_q_task": "INSERT INTO django_q_task (id, name, func, started, stopped, success, attempt_count) "
    "SELECT n, 'n', 'f', now(), now() - n * interval '1 minute', n %% 2 = 0, 1 FROM generate_series(1, {count}) n",
    "django_admin_log": "INSERT INTO django_admin_log (user_id, object_repr, action_flag, change_message, action_time) "
    "SELECT %(user)s, 'x', 2, '', now() - n * interval '1 minute' FROM generate_series(1, {count}) n",
    "staff_logins": "INSERT INTO staff_logins (session_key, session_data, expire_date, verified, began_at, agent) "
    "SELECT n, '', now() - n * interval '1 minute', false, now(), '' FROM generate_series(1, {count}) n",
    "axes_accessattempt": "INSERT INTO axes_accessattempt (user_agent, username, http_accept, path_info, attempt_time, "
    "get_data, post_data, failures_since_start) SELECT '', n, '', '', now() - n * interval '1 minute', '', '', 1 "
    "FROM generate_series(1, {count}) n",
}


def plan_of(rows: Any) -> dict[str, Any]:
    """Of a batch, as it runs."""
    batch = rows.values_list("pk", flat=True)[: retention.BATCH]
    return dict(json.loads(batch.explain(format="json", analyze=True, buffers=True))[0])


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_a_batch_reads_an_index_and_no_more_than_it_takes(
    session: Session, count: int, record_property: Callable[[str, object], None]
) -> None:
    user = User.objects.create_user("ann")
    pruned = {table: each for table, each in retention.decisions().items() if isinstance(each, Pruned)}
    assert pruned.keys() == GROWN.keys(), "each needs an example of a table that has grown"
    for table, decision in pruned.items():
        with connection.cursor() as cursor:
            cursor.execute(GROWN[table].format(count=count), {"session": session.pk, "user": user.pk})
            cursor.execute(f"ANALYZE {table}")
        for part in decision._parts(timezone.now()):
            explained = plan_of(part)
            for node in nodes(explained["Plan"]):
                if node.get("Relation Name") == table:
                    assert "Index" in node["Node Type"], (table, node["Node Type"])
                    read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                    assert read <= retention.BATCH + 1, (table, read)
                assert node["Node Type"] != "Sort", table
            record_property(table, explained["Execution Time"])  # ms
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")
