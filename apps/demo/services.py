"""The demo: signs the sandbox's demo phones in through the ordinary sign-in, and removes them again.

``up`` leaves a file (apps.common.demo_plan); without it there is no demo. The steps run as a background task, so no web
thread waits; every task may be run twice without harm.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django_q.tasks import async_task

from apps.chats.models import Chat
from apps.commands.command_kinds import SIGN_IN_LANE, CommandKind
from apps.commands.models import Command
from apps.commands.services import commands
from apps.common import demo_plan
from apps.common.explain import Explanation
from apps.common.user_errors import Inline
from apps.sessions import selectors
from apps.sessions.models import Authorization, Session, SessionEvent, TimelineKind
from apps.sessions.services import removal, rights, sessions, timeline
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInStep
from apps.signin.selectors import explain_step
from apps.signin.services.common import OVER
from apps.staff.services.audit import audit
from tgadmin.core import phones
from tgadmin.core.errors import UserError
from tgadmin.core.tasks import path, task

TASK_SECONDS = 40.0
"""How long one task waits for the gateway; Q_CLUSTER's timeout is longer."""
TRY_FOR = timedelta(minutes=10)
"""How long tasks follow each other while the gateway does not answer."""
SLOW_AFTER = timedelta(seconds=15)


class Phase(StrEnum):
    ABSENT = "absent"
    SIGNING_IN = "signing_in"
    FAILED = "failed"
    READY = "ready"
    REMOVING = "removing"


@dataclass(frozen=True)
class State:
    """How far the demo is: a line for each account, and the address of the first chat once it is READY."""

    phase: Phase
    lines: tuple[tuple[str, str], ...] = ()
    trouble: Explanation | None = None
    open_at: str = ""

    def version(self, running: bool) -> str:
        trouble = self.trouble.code if self.trouble else ""
        return "|".join((self.phase, str(running), trouble, *(f"{name}:{text}" for name, text in self.lines)))


def state(user: User) -> State | None:
    """How far the demo is; None without a demo."""
    demo = demo_plan.plan()
    if demo is None:
        return None
    rows = list(_accounts(demo))
    attempts = {attempt.phone: attempt for attempt in _attempts(demo).order_by("started_at")}
    if not rows and not attempts:
        return State(Phase.ABSENT)
    if SessionEvent.objects.filter(session__in=rows, kind=TimelineKind.DEMO_REMOVAL).exists():
        return State(Phase.REMOVING, tuple((row.name, "Logging out") for row in rows))
    lines = tuple(_line(phone, rows, attempts.get(phone)) for phone in demo.phones)
    failed = [attempt for attempt in attempts.values() if _has_failed(attempt)]
    if failed:
        return State(Phase.FAILED, lines, explain_step(failed[0]))
    signed_in = [row for row in rows if row.phone in demo.phones and row.telegram_user_id is not None]
    if len(signed_in) < len(demo.phones) or not all(selectors.sync_progress(row).is_complete for row in signed_in):
        return State(Phase.SIGNING_IN, lines, _slow(attempts.values()))
    visible = rights.visible_sessions(user).filter(pk__in=[row.pk for row in signed_in])
    first = min(visible, key=lambda row: demo.phones.index(row.phone), default=None)
    return State(Phase.READY, lines, open_at=_address(demo, first) if first else "")


def _address(demo: demo_plan.Plan, session: Session) -> str:
    """Of the chat that greets, if the account has it; else of its list."""
    greets = Chat.objects.filter(session=session, peer_id=demo.greets).first()
    if greets is None:
        return reverse("chats:session", args=(session.pk,))
    return reverse("chats:chat", args=(session.pk, greets.pk))


def _slow(attempts: Iterable[SignInAttempt]) -> Explanation | None:
    """Said when nothing has moved for a while: nothing else shows that the background tasks are down."""
    moved = max((attempt.updated_at for attempt in attempts), default=timezone.now())
    if timezone.now() - moved < SLOW_AFTER:
        return None
    message = "This takes longer than it should: the worker or the gateway may not be running."
    return Explanation("DEMO_SLOW", message, "Look at their logs; the demo goes on by itself.")


def _line(phone: str, rows: list[Session], attempt: SignInAttempt | None) -> tuple[str, str]:
    row = next((row for row in rows if row.phone == phone and row.telegram_user_id is not None), None)
    if row is not None:
        synced = selectors.sync_progress(row)
        return row.name, f"{synced.chats} chats" if synced.is_complete else f"Signed in, {synced.chats} chats so far"
    if attempt is None:
        return phones.masked(phone), "Waiting"
    words = {SignInStep.PHONE: "Asking for a code", SignInStep.CODE: "Entering the code"}
    return phones.masked(phone), words.get(SignInStep(attempt.step), attempt.get_step_display())


def _has_failed(attempt: SignInAttempt) -> bool:
    return bool(attempt.error_code) and not attempt.busy and attempt.step != SignInStep.DONE


def _accounts(demo: demo_plan.Plan) -> QuerySet[Session]:
    """The demo's accounts, and the sessions of sign-ins under way."""
    found = Session.objects.filter(network=settings.TELEGRAM_NETWORK, phone__in=demo.phones)
    return found.exclude(telegram_user_id=None, enabled=False).order_by("pk")


def _attempts(demo: demo_plan.Plan) -> QuerySet[SignInAttempt]:
    return SignInAttempt.objects.filter(session__network=settings.TELEGRAM_NETWORK, phone__in=demo.phones)


# --- signing in -----------------------------------------------------------------------------------------------------


def start(user: User) -> None:
    """Begins the demo's sign-ins; what failed before starts again. Raises Forbidden, UserError."""
    demo = demo_plan.plan()
    if demo is None:
        return
    signed_in = set(_signed_in(demo))
    with transaction.atomic():
        for attempt in _attempts(demo).exclude(step__in=OVER):
            if _has_failed(attempt):
                signin.cancel(user, attempt)
        audit(user, "demo.made")
        for phone in demo.phones:
            if phone not in signed_in:
                signin.start(user, "", phone)
        transaction.on_commit(lambda: _queue(run_sign_in, user.pk))


def _signed_in(demo: demo_plan.Plan) -> Iterator[str]:
    current = Authorization.objects.filter(role=Authorization.Role.CURRENT, session__in=_accounts(demo))
    yield from current.values_list("session__phone", flat=True)


@task
def run_sign_in(user_id: int) -> str:
    """The task: takes each open sign-in of the demo to its end, waiting for the gateway's answers."""
    demo, user = demo_plan.plan(), User.objects.filter(pk=user_id).first()
    if demo is None or user is None:
        return "no demo"
    deadline = time.monotonic() + TASK_SECONDS
    for attempt_id in list(_open_attempts(demo, user).values_list("pk", flat=True)):
        while time.monotonic() < deadline and _advance(demo, user, attempt_id, deadline):
            pass
    left = [attempt for attempt in _open_attempts(demo, user) if not _has_failed(attempt)]
    if left and min(attempt.started_at for attempt in left) > timezone.now() - TRY_FOR:
        _queue(run_sign_in, user_id)
    return f"{len(left)} left"


def _open_attempts(demo: demo_plan.Plan, user: User) -> QuerySet[SignInAttempt]:
    return _attempts(demo).filter(started_by=user).exclude(step__in=OVER)


def _advance(demo: demo_plan.Plan, user: User, attempt_id: UUID, deadline: float) -> bool:
    """One step; whether another may follow."""
    attempt = SignInAttempt.objects.filter(pk=attempt_id).first()
    if attempt is None or attempt.is_over or _has_failed(attempt):
        return False
    if attempt.busy:
        _wait(attempt, deadline)
        return True
    with Inline() as refused:
        if attempt.step == SignInStep.CODE:
            code = _code(demo, attempt.phone)
            if not code:
                return False
            signin.submit_code(user, attempt, code)
        elif attempt.step == SignInStep.PASSWORD:
            signin.submit_password(user, attempt, demo.passwords.get(attempt.phone, ""))
        else:
            signin.submit_phone(user, attempt, attempt.phone)
    return refused.error is None


def _wait(attempt: SignInAttempt, deadline: float) -> None:
    lane = SIGN_IN_LANE.of(attempt.pk)
    command = Command.objects.filter(lane=lane, state__in=commands.OPEN).order_by("-pk").first()
    if command is not None:
        with suppress(Command.DoesNotExist):  # it went with its session
            commands.wait(command.pk, max(0.0, deadline - time.monotonic()))


def _code(demo: demo_plan.Plan, phone: str) -> str:
    """The newest code that was sent to the phone; empty if there is none."""
    newest = ""
    try:
        lines = demo.codes.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    for line in lines:
        try:
            sent = json.loads(line)
        except ValueError:
            continue  # being written just now
        if str(sent.get("phone", "")) == phone:
            newest = str(sent.get("code", ""))
    return newest


def _queue(function: Callable[[int], str], user_id: int) -> None:
    async_task(path(function), user_id, task_name=f"demo {function.__name__}")


# --- removing -------------------------------------------------------------------------------------------------------


def remove(user: User) -> None:
    """Logs the demo's accounts out; the task then deletes them with all that hangs on them. Raises Forbidden."""
    demo = demo_plan.plan()
    if demo is None:
        return
    with transaction.atomic():
        audit(user, "demo.removed")
        for attempt in _attempts(demo).exclude(step__in=OVER):
            signin.cancel(user, attempt)
        for row in _accounts(demo).exclude(telegram_user_id=None):
            sessions.log_out(user, row)
            timeline.note(row.pk, TimelineKind.DEMO_REMOVAL, user=user)
        transaction.on_commit(lambda: _queue(run_removal, user.pk))


@task
def run_removal(user_id: int) -> str:
    """The task: waits until the gateway has logged the accounts out, then deletes everything."""
    demo, user = demo_plan.plan(), User.objects.filter(pk=user_id).first()
    if demo is None or user is None:
        return "no demo"
    deadline = time.monotonic() + TASK_SECONDS
    rows = Session.objects.filter(network=settings.TELEGRAM_NETWORK, phone__in=demo.phones)
    for command in Command.objects.filter(session__in=rows, kind__in=ENDING, state__in=commands.OPEN):
        with suppress(Command.DoesNotExist):
            commands.wait(command.pk, max(0.0, deadline - time.monotonic()))
    waiting = [row for row in rows.order_by("pk") if not _delete(user, row)]
    asked = SessionEvent.objects.filter(
        session__in=waiting, kind=TimelineKind.DEMO_REMOVAL, at__gt=timezone.now() - TRY_FOR
    )
    if waiting and asked.exists():
        _queue(run_removal, user_id)
    return f"{len(waiting)} left"


ENDING = (CommandKind.LOG_OUT, CommandKind.SIGN_IN_CANCEL)


def _delete(user: User, row: Session) -> bool:
    """Whether the account is gone: not while its key still works, or while the gateway is asked something about it."""
    if row.telegram_user_id is None:
        return _delete_unfinished(row)
    try:
        sessions.remove(user, row)
    except Session.DoesNotExist:  # the same task, twice
        return True
    except UserError:
        return False
    return True


@transaction.atomic
def _delete_unfinished(row: Session) -> bool:
    removal.stop(row.pk)
    if Command.objects.filter(session=row, state__in=commands.OPEN).exists():
        return False
    removal.delete(row)
    return True
