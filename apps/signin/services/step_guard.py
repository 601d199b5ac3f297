"""What every step of a sign-in begins and ends with: may it be taken now, and the command that asks the gateway."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from apps.commands.command_kinds import SIGN_IN_LANE, CommandKind
from apps.commands.models import Command
from apps.commands.services import commands
from apps.sessions.services import rights
from apps.signin.models import SignInAttempt, SignInStep
from apps.signin.services.common import OVER, locked
from apps.signin.services.rights import may_drive
from tgadmin.core.errors import UserError


def one_at_a_time(user: User, what: str) -> None:
    """Two equal forms sent at once become one sign-in, not two."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('sign-in'), hashtext(%s))", [f"{user.pk}:{what}"])


def count_start(user: User, attempt: SignInAttempt | None = None) -> None:
    """One more sign-in of the user's, or one more number in ``attempt``, which is under way. Raises UserError
    (TOO_MANY_SIGN_INS).

    One start at a time in the whole installation: two at once cannot both take the last slot. What was only begun
    counts until it was last used a day ago, so that a sign-in kept alive does not fall out of the count.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('sign-ins'), 0)")
    theirs = SignInAttempt.objects.filter(started_by=user)
    open_ones = theirs.exclude(step__in=OVER).count()
    if attempt is None and open_ones >= settings.SIGN_INS_OPEN:
        raise UserError(
            "TOO_MANY_SIGN_INS", f"You have {open_ones} sign-ins open: go on with them, or end one, before the next."
        )
    late = Q(updated_at__gt=timezone.now() - timedelta(days=1))
    per_user, per_all = settings.SIGN_INS_PER_DAY, settings.SIGN_INS_PER_DAY_ALL
    if _numbers(theirs.filter(late)) >= per_user:
        raise UserError("TOO_MANY_SIGN_INS", f"You have started {per_user} sign-ins within a day: wait, then go on.")
    if _numbers(SignInAttempt.objects.filter(late)) >= per_all:
        raise UserError(
            "TOO_MANY_SIGN_INS",
            f"{per_all} sign-ins were started here within a day, by all together: wait, then go on.",
        )
    if attempt is not None:
        attempt.numbers += 1


def _numbers(attempts: QuerySet[SignInAttempt]) -> int:
    """How often they asked Telegram for something new: a sign-in with three numbers counts three."""
    return attempts.aggregate(sum=Sum("numbers"))["sum"] or 0


def lock_attempt_for(user: User, attempt: SignInAttempt, *steps: SignInStep, obey_wait: bool = True) -> SignInAttempt:
    """The attempt, locked, if the user may drive it and it waits for one of ``steps``."""
    if not may_drive(user, attempt):
        raise rights.Forbidden
    attempt = locked(attempt.pk)
    if attempt.is_over:
        raise UserError("SIGN_IN_OVER", "This sign-in is over: start a new one.")
    if attempt.busy:
        raise UserError("SIGN_IN_BUSY", "The last step is still under way.")
    if attempt.step not in steps:
        raise UserError("SIGN_IN_STEP", "This sign-in waits for another step.")
    if obey_wait and attempt.flood_until is not None and attempt.flood_until > timezone.now():
        raise UserError("FLOOD_WAIT", "Telegram asks to wait before the next try.", until=attempt.flood_until)
    return attempt


def ask(
    user: User, attempt: SignInAttempt, kind: CommandKind, *, secret: dict[str, Any] | None = None
) -> SignInAttempt:
    attempt.busy, attempt.error_code, attempt.flood_until = True, "", None
    attempt.save()
    enqueue(attempt, kind, user, secret)
    return attempt


def enqueue(
    attempt: SignInAttempt,
    kind: CommandKind,
    user: commands.Asker,
    secret: dict[str, Any] | None = None,
    *,
    follows: bool = False,
) -> None:
    """Raises UserError (TOO_MANY_WAITING), never where it ``follows`` (commands.enqueue)."""
    commands.enqueue(
        attempt.session_id,
        kind,
        {"attempt": str(attempt.pk)},
        about=attempt.pk,
        secret=secret,
        user=user,
        follows=follows,
    )


def go_on(attempt: SignInAttempt, kind: CommandKind) -> None:
    """The gateway's next command of an attempt: for whoever asked last, a colleague of the starter's perhaps."""
    asked = Command.objects.filter(session_id=attempt.session_id, lane=SIGN_IN_LANE.of(attempt.pk))
    last = asked.select_related("created_by").order_by("-id").first()
    enqueue(attempt, kind, attempt.started_by if last is None else last.created_by, follows=True)
