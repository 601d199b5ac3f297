"""What is kept of every table: each has a decision, the page says it, pruning follows it and is in nobody's way."""

from __future__ import annotations

import itertools
import json
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
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
from tests.common.retained import DAY, Settled, chat, session, settled
from tests.kit import world
from tests.kit.running import ROOT

__all__ = ["chat", "session", "settled"]

PAGE = ROOT / "docs" / "configuration.md"
START, END = "<!-- what is kept: made by tests/common/test_retention.py -->\n", "<!-- end -->"


# --- the decisions --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_table_of_the_database_has_a_decision() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = ANY(current_schemas(false))")
        tables = {name for (name,) in cursor.fetchall()}
    decided = set(retention.decisions())
    assert tables - decided == set(), "say in kept.py what is kept of these, and for how long"
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
    """``--write-docs`` writes it again."""
    lines = ["| table | kept | what it is |", "|---|---|---|"]
    lines += [f"| `{table}` | {each.kept} | {each.why} |" for table, each in retention.decisions().items()]
    text = PAGE.read_text()
    before, rest = text.split(START)
    after = rest[rest.index(END) :]
    made = before + START + "\n".join(lines) + "\n" + after
    if request.config.getoption("--write-docs"):
        PAGE.write_text(made)
    assert made == PAGE.read_text(), "docs/configuration.md differs: write it again with --write-docs"
    for setting in (
        each.setting for each in retention.decisions().values() if isinstance(each, Pruned) and each.setting
    ):
        assert f"`{setting}`" in before, f"{setting} has no row among the variables"


# --- one row of each that goes, and those beside it that stay ---------------------------------------------------------


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
    over = {SignInStep.DONE, SignInStep.FAILED, SignInStep.CANCELLED}
    kept = SignInAttempt.objects.filter(updated_at=ago[91]).values_list("step", flat=True)
    assert set(kept) == set(SignInStep) - over
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
