"""What is kept of every table: each has a decision, the page says it, pruning follows it and is in nobody's way."""

from __future__ import annotations

import itertools
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import Failure, Success

from apps.chats.models import Chat, Event, Gap, Message, UnreadableUpdate
from apps.commands.models import Command, CommandSecret, FloodWait
from apps.common import retention
from apps.common.retention import Bounded, Forever, Pruned
from apps.sessions.models import Session, SessionEvent
from apps.signin.models import SignInAttempt, SignInStep
from apps.staff.models import Login
from tests.kit import world
from tests.kit.running import ROOT

Settled = Callable[..., Command]
PAGE = ROOT / "docs" / "configuration.md"
START, END = "<!-- what is kept: made by tests/common/test_retention.py -->\n", "<!-- end -->"
DAY = timedelta(days=1)


# --- the decisions --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_table_of_the_database_has_a_decision() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = ANY(current_schemas(false))")
        tables = {name for (name,) in cursor.fetchall()}
    decided = set(retention.decisions())
    assert tables - decided == set(), "say in services/kept.py what is kept of these, and for how long"
    assert decided - tables == set(), "there are no such tables"


@pytest.mark.django_db
def test_a_decision_is_taken_once_and_has_its_reason(settings: Any) -> None:
    for table, decision in retention.decisions().items():
        assert decision.why.endswith("."), table
        assert decision.kept, table
        assert isinstance(decision, Forever | Bounded) or type(decision).prune is not retention.Decision.prune, table
        with pytest.raises(ValueError, match=table):
            retention.declare(decision)
        if isinstance(decision, Pruned) and decision.setting:
            assert getattr(settings, decision.setting) >= 1
            setattr(settings, decision.setting, 1_000_000)
            list(decision._parts(timezone.now()))  # no date lies beyond the calendar


def test_the_page_says_what_is_kept(request: pytest.FixtureRequest) -> None:
    """``--write-docs`` writes it anew."""
    lines = ["| table | kept | what it is |", "|---|---|---|"]
    lines += [f"| `{table}` | {each.kept} | {each.why} |" for table, each in retention.decisions().items()]
    text = PAGE.read_text()
    before, rest = text.split(START)
    after = rest[rest.index(END) :]
    made = before + START + "\n".join(lines) + "\n" + after
    if request.config.getoption("--write-docs"):
        PAGE.write_text(made)
    assert made == PAGE.read_text(), "docs/configuration.md differs: write it anew with --write-docs"
    for setting in (
        each.setting for each in retention.decisions().values() if isinstance(each, Pruned) and each.setting
    ):
        assert f"`{setting}`" in before, f"{setting} has no row among the variables"


# --- one row of each that goes, and those beside it that stay -------------------------------------------------------


@pytest.fixture
def session(db: None) -> Session:
    return world.make_session()


@pytest.fixture
def chat(session: Session) -> Chat:
    return world.make_chat(session, "Anna")


@pytest.fixture
def settled(session: Session) -> Settled:
    def make(days_ago: float, state: str = "done", **facts: Any) -> Command:
        at = None if state in ("queued", "claimed") else timezone.now() - days_ago * DAY
        given = {"kind": "dialogs", "lane": "account"} | facts
        return Command.objects.create(
            session=session, state=state, created_at=timezone.now() - days_ago * DAY, settled_at=at, **given
        )

    return make


def test_commands(settled: Settled, chat: Chat) -> None:
    sending = world.make_message(chat, 1, "x", out=True, state="sending")
    Message.objects.filter(pk=sending.pk).update(telegram_id=None)
    sent = world.make_message(chat, 2, "y", out=True)
    stays = [
        settled(100, "queued"),
        settled(100, "claimed"),
        settled(29),
        settled(40, "failed", kind="send", payload={"message": sending.pk}),
    ]
    goes = [
        settled(31),
        settled(31, "failed"),
        settled(31, "cancelled"),
        settled(90, kind="send", payload={"message": sent.pk}),
    ]
    goes.append(settled(90, kind="send", payload={}))
    CommandSecret.objects.create(command=goes[0], secret={"code": "1"})
    assert retention.would_go()["telegram_commands"] == len(goes)
    assert retention.prune()["telegram_commands"] == len(goes)
    assert list(Command.objects.order_by("pk")) == stays
    assert not CommandSecret.objects.exists()


def test_the_last_command_that_was_done_stays(settled: Settled) -> None:
    settled(300)
    last = settled(200)
    settled(100, "failed")
    other = world.make_session("Other")
    theirs = Command.objects.create(
        session=other, kind="x", lane="x", state="done", settled_at=timezone.now() - 400 * DAY
    )
    assert retention.prune()["telegram_commands"] == 2
    assert set(Command.objects.all()) == {last, theirs}


def test_the_timeline_keeps_its_newest(session: Session, settings: Any) -> None:
    settings.TIMELINE_KEPT_LINES = 3
    quiet = world.make_session("Quiet")
    now = timezone.now()
    for one, ages in (
        (session, (1, 2, 400, 500, 600, 700)),
        (quiet, (900, 901, 902, 903)),
        (world.make_session(), (999,)),
    ):
        SessionEvent.objects.bulk_create(SessionEvent(session=one, kind="x", at=now - age * DAY) for age in ages)
    assert retention.would_go()["telegram_session_events"] == 4
    assert retention.prune()["telegram_session_events"] == 4
    ages = [(now - at).days for at in SessionEvent.objects.filter(session=session).values_list("at", flat=True)]
    assert ages == [1, 2, 400]
    assert SessionEvent.objects.filter(session=quiet).count() == 3
    assert retention.prune()["telegram_session_events"] == 0
    settings.TIMELINE_KEPT_DAYS = 1000
    SessionEvent.objects.create(session=quiet, kind="x")
    assert retention.prune()["telegram_session_events"] == 0, "beyond the newest, but young"


def test_unreadable_updates_by_age_and_by_number(session: Session, settings: Any) -> None:
    settings.UNREADABLE_KEPT_PER_ACCOUNT = 2
    now, other = timezone.now(), world.make_session("Other")
    for one, days in [(session, 1), (session, 2), (session, 3), (session, 4), (other, 29), (other, 31)]:
        UnreadableUpdate.objects.create(session=one, kind="K", reason="r", data=b"x", at=now - days * DAY)
    assert retention.would_go()["telegram_unreadable_updates"] == 3
    assert retention.prune()["telegram_unreadable_updates"] == 3
    assert sorted((now - at).days for at in UnreadableUpdate.objects.values_list("at", flat=True)) == [1, 2, 29]


def test_the_rest_goes_by_age(session: Session, chat: Chat, settings: Any) -> None:
    now, user = timezone.now(), User.objects.create_user("ann")
    kind = ContentType.objects.get_for_model(Session)
    ago = {days: now - days * DAY for days in (1, 6, 8, 29, 31, 89, 91, 364, 366)}
    for at in (None, ago[89], ago[91]):
        Gap.objects.create(session=session, low_pts=1, high_pts=2, how="found", at=ago[366], closed_at=at)
    for step, days in itertools.product(SignInStep, (89, 91)):
        attempt = SignInAttempt.objects.create(session=session, step=step)
        SignInAttempt.objects.filter(pk=attempt.pk).update(updated_at=ago[days])
    for days in (-1, 6, 8):
        FloodWait.objects.create(session=session, method=f"m{days}", until=now - days * DAY, code="FLOOD_WAIT")
    for number, days in enumerate((29, 31)):
        facts: dict[str, Any] = {"name": "n", "func": "f", "started": ago[days], "stopped": ago[days]}
        Failure.objects.create(id=f"f{number}", success=False, **facts)
        Success.objects.create(id=f"s{number}", success=True, **facts)
    for days in (364, 366):
        LogEntry.objects.create(
            user=user, content_type=kind, object_id="1", object_repr="x", action_flag=CHANGE, action_time=ago[days]
        )
    for number, days in enumerate((1, 6, 8)):
        row = AccessAttempt.objects.create(username=f"n{number}", ip_address="192.0.2.1", failures_since_start=1)
        AccessAttempt.objects.filter(pk=row.pk).update(attempt_time=ago[days])
    for key, end in (("a" * 32, now + DAY), ("b" * 32, now - timedelta(seconds=1))):
        Login.objects.create(session_key=key, session_data="", expire_date=end)
    settings.EVENTS_KEPT_PER_CHAT = 2
    Event.objects.bulk_create(Event(chat=chat, number=number, kind="message") for number in (1, 2, 3, 4, 5))
    Chat.objects.filter(pk=chat.pk).update(last_event=5)
    expected = {
        "axes_accessattempt": 1,
        "chat_events": 3,
        "django_admin_log": 1,
        "django_q_task": 1,
        "staff_logins": 1,
        "telegram_access_requests": 0,
        "telegram_commands": 0,
        "telegram_flood_waits": 1,
        "telegram_gaps": 1,
        "telegram_session_events": 0,
        "telegram_sign_ins": 3,
        "telegram_unreadable_updates": 0,
    }
    assert retention.would_go() == expected
    assert retention.prune() == expected
    assert retention.would_go() == dict.fromkeys(expected, 0)
    assert Gap.objects.filter(closed_at=None).count() == 1
    assert (
        SignInAttempt.objects.exclude(step__in=("done", "failed", "cancelled")).filter(updated_at=ago[91]).count() == 5
    )
    assert Failure.objects.get().pk == "f0"
    assert Success.objects.count() == 2


def test_a_lock_out_outlives_the_days_that_failures_are_kept(settings: Any, db: None) -> None:
    settings.LOGIN_FAILURES_KEPT_DAYS = 1
    settings.LOGIN_LOCK_MINUTES = 3 * 24 * 60
    row = AccessAttempt.objects.create(username="n", ip_address="192.0.2.1", failures_since_start=9)
    AccessAttempt.objects.filter(pk=row.pk).update(attempt_time=timezone.now() - 2 * DAY)
    assert retention.prune()["axes_accessattempt"] == 0


# --- how it goes ----------------------------------------------------------------------------------------------------


def test_batches_are_small_and_short_of_time_the_rest_waits(
    settled: Settled, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    made = [
        Command(session=session, kind="x", lane="x", state="failed", settled_at=timezone.now() - 99 * DAY)
        for _ in range(35)
    ]
    Command.objects.bulk_create(made)
    hours = itertools.count()
    with CaptureQueriesContext(connection) as queries:
        assert retention.prune(clock=lambda: float(next(hours) * 3)) == {
            **retention.would_go(),
            "telegram_commands": 10,
        }
    deletes = [query["sql"] for query in queries if query["sql"].startswith('DELETE FROM "telegram_commands"')]
    assert len(deletes) == 1
    assert retention.prune()["telegram_commands"] == 25


def test_the_command_counts_first_and_then_does_it(settled: Settled, admin: User) -> None:
    settled(99, "failed")
    out = StringIO()
    call_command("session", "cleanup", "--dry-run", stdout=out)
    assert re.search(r"^telegram_commands +1 +30 days", out.getvalue(), re.MULTILINE)
    assert Command.objects.exists()
    for dry_run in (["--dry-run"], []):
        out = StringIO()
        call_command("session", "cleanup", "--json", *dry_run, stdout=out)
        said = json.loads(out.getvalue())
        assert said["rows"]["telegram_commands"] == 1
        assert said["dry_run"] == bool(dry_run)
    assert not Command.objects.exists()


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
    "telegram_sign_ins": "INSERT INTO telegram_sign_ins (id, session_id, way, phone, step, busy, error_code, code_via, "
    "next_via, password_hint, numbers, started_at, updated_at) "
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
