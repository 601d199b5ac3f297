"""Clean-up of what sign-ins leave behind: those that nobody goes on with, their secrets, the rows made for them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from apps.commands.command_kinds import SIGN_IN_LANE
from apps.commands.models import Command
from apps.commands.services import commands
from apps.sessions.models import AuthorizationSecret, Session
from apps.sessions.services import removal
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInSecret
from apps.signin.services.common import OVER, erase_secret

ABANDONED_AFTER = timedelta(hours=24)
GRACE = timedelta(hours=1)
"""How long an ended sign-in keeps what its cancelling at Telegram needs, and its empty session."""


@dataclass(frozen=True)
class Cleaned:
    """How many sign-ins were ended, leftover secrets erased, empty sessions deleted."""

    abandoned: int
    secrets: int
    sessions: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def run(*, dry_run: bool = False, now: datetime | None = None) -> Cleaned:
    """Ends abandoned sign-ins, erases forgotten secrets, deletes empty sessions; ``dry_run`` only counts."""
    now = now or timezone.now()
    abandoned = SignInAttempt.objects.filter(updated_at__lt=now - ABANDONED_AFTER).exclude(step__in=OVER)
    forgotten = SignInAttempt.objects.filter(step__in=OVER, updated_at__lt=now - GRACE).filter(
        Exists(SignInSecret.objects.filter(attempt=OuterRef("pk")))
    )
    sessions = _empty_sessions(now)
    cleaned = Cleaned(abandoned.count(), forgotten.count(), sessions.count())
    if dry_run:
        return cleaned
    for attempt_id in list(abandoned.values_list("pk", flat=True)):
        signin.abandon(attempt_id)
    for attempt in list(forgotten):
        _forget(attempt)
    for session in list(sessions):
        _delete(session, now)
    return cleaned


def _empty_sessions(now: datetime) -> QuerySet[Session]:
    """Sessions made for a sign-in that came to nothing, with nothing under way and no key left."""
    pending = Command.objects.filter(session=OuterRef("pk"), state__in=commands.OPEN)
    keys = AuthorizationSecret.objects.filter(authorization__session=OuterRef("pk"))
    open_attempts = SignInAttempt.objects.filter(session=OuterRef("pk")).exclude(step__in=OVER)
    return Session.objects.filter(telegram_user_id=None, enabled=False, status_since__lt=now - ABANDONED_AFTER).exclude(
        Exists(pending) | Exists(keys) | Exists(open_attempts)
    )


@transaction.atomic
def _forget(attempt: SignInAttempt) -> None:
    for command in Command.objects.filter(
        session_id=attempt.session_id, lane=SIGN_IN_LANE.of(attempt.pk), state=Command.State.QUEUED
    ):
        commands.cancel(command)
    erase_secret(attempt)
    SignInAttempt.objects.filter(pk=attempt.pk).update(busy=False)


@transaction.atomic
def _delete(session: Session, now: datetime) -> None:
    removal.stop(session.pk)
    # Somebody may have begun another sign-in since we looked.
    row = _empty_sessions(now).select_for_update(no_key=True, of=("self",)).filter(pk=session.pk).first()
    if row is not None:
        removal.delete(row)
