"""What both sides of a sign-in share: its lane, its secrets, its end."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.utils import timezone

from apps.commands.command_kinds import SIGN_IN_LANE
from apps.commands.models import CommandSecret
from apps.commands.services import commands
from apps.sessions.models import Session, SessionStatus
from apps.signin.models import SignInAttempt, SignInMethod, SignInSecret, SignInStep
from tgadmin.core import phones
from tgadmin.core.types import CodeRoute

OVER = SignInAttempt.OVER
NEW_CODE_NEEDED = frozenset({"PHONE_CODE_EXPIRED", "PHONE_CODE_HASH_EMPTY", "PHONE_HASH_EXPIRED"})
"""After these the sign-in goes on with a new code: the old one cannot be used or sent again."""

WORD_CODES = frozenset({CodeRoute.SMS_WORD, CodeRoute.SMS_PHRASE})
"""Ways in which Telegram sends a word or a phrase instead of digits."""


UNNAMED = "New account"
"""What an account is called that was signed in without a name or number, until Telegram tells its own."""


def is_unnamed(session: Session) -> bool:
    """Whether nobody has given the account a name yet."""
    return session.name in (UNNAMED, phones.masked(session.phone))


def first_step(attempt: SignInAttempt) -> SignInStep:
    """Where the sign-in begins, and begins again."""
    return SignInStep.QR if attempt.method == SignInMethod.QR else SignInStep.PHONE


def locked(attempt_id: UUID | str) -> SignInAttempt:
    """The attempt under its row lock, with its session. Raises SignInAttempt.DoesNotExist."""
    attempts = SignInAttempt.objects.select_for_update(of=("self",)).select_related("session")
    return attempts.get(pk=attempt_id)


def secret_of(attempt: SignInAttempt) -> dict[str, Any]:
    row = SignInSecret.objects.filter(attempt=attempt).first()
    return {} if row is None else dict(cast("dict[str, Any]", row.secret))


def keep_secret(attempt: SignInAttempt, **parts: Any) -> None:
    """Adds ``parts`` to the attempt's secret."""
    SignInSecret.objects.update_or_create(attempt=attempt, defaults={"secret": secret_of(attempt) | parts})


def erase_secret(attempt: SignInAttempt) -> None:
    """Erases the half-signed key, the phone_code_hash, and what commands of the attempt still carry."""
    SignInSecret.objects.filter(attempt=attempt).delete()
    CommandSecret.objects.filter(
        command__session_id=attempt.session_id,
        command__lane=SIGN_IN_LANE.of(attempt.pk),
    ).exclude(command__state__in=commands.OPEN).delete()


def finish(attempt: SignInAttempt, step: SignInStep, code: str = "") -> None:
    """Ends the attempt, its secrets gone; the session made for an account that never came is disabled."""
    erase_secret(attempt)
    attempt.step, attempt.busy, attempt.error_code = step, False, code
    attempt.flood_until, attempt.resend_at, attempt.password_hint = None, None, ""
    attempt.token_until = None
    attempt.save()
    if step != SignInStep.DONE:
        close_unused(attempt.session)


def close_unused(session: Session) -> None:
    """Hides a session that was only made for a sign-in which came to nothing; the clean-up deletes it later."""
    if session.telegram_user_id is not None:
        return
    if SignInAttempt.objects.filter(session=session).exclude(step__in=OVER).exists():
        return
    Session.objects.filter(pk=session.pk).update(
        enabled=False, status=SessionStatus.DISABLED, status_code="SIGN_IN_OVER", status_since=timezone.now()
    )
