"""What every step of a sign-in begins and ends with: may it be taken now, and the command that asks the gateway."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from apps.sessions.models import SignInAttempt, SignInStep
from apps.sessions.services import commands, rights
from apps.sessions.services.signin.common import SignInError, locked


def one_at_a_time(user: User, what: str) -> None:
    """Two equal forms sent at once become one sign-in, not two."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('sign-in'), hashtext(%s))", [f"{user.pk}:{what}"])


def mine(user: User, attempt: SignInAttempt, *steps: SignInStep, obey_wait: bool = True) -> SignInAttempt:
    """The attempt, locked, if the user may drive it and it waits for one of ``steps``."""
    if not rights.may_drive(user, attempt):
        raise rights.Forbidden
    attempt = locked(attempt.pk)
    if attempt.is_over:
        raise SignInError("SIGN_IN_OVER", "This sign-in is over: start a new one.")
    if attempt.busy:
        raise SignInError("SIGN_IN_BUSY", "The last step is still under way.")
    if attempt.step not in steps:
        raise SignInError("SIGN_IN_STEP", "This sign-in waits for another step.")
    if obey_wait and attempt.flood_until is not None and attempt.flood_until > timezone.now():
        raise SignInError("FLOOD_WAIT", "Telegram asks to wait before the next try.", until=attempt.flood_until)
    return attempt


def ask(user: User, attempt: SignInAttempt, kind: str, *, secret: dict[str, Any] | None = None) -> SignInAttempt:
    attempt.busy, attempt.error_code, attempt.flood_until = True, "", None
    attempt.save()
    enqueue(attempt, kind, user, secret)
    return attempt


def enqueue(attempt: SignInAttempt, kind: str, user: User | None, secret: dict[str, Any] | None = None) -> None:
    commands.enqueue(
        attempt.session_id,
        kind,
        commands.sign_in_lane(attempt.pk),
        {"attempt": str(attempt.pk)},
        secret=secret,
        user=user,
    )
