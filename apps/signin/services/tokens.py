"""A sign-in of a known account may do without a code: by a token that Telegram gave for it before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.sessions.models import Session
from apps.sessions.services import future_tokens
from apps.signin.models import SignInAttempt, SignInStep
from apps.signin.services import known
from apps.signin.services.common import keep_secret, locked


def tokens_of(attempt_id: UUID | str) -> list[bytes]:
    """The tokens to send with the attempt's number, the newest first: those of its account, if the user who signs in
    manages it."""
    attempt = SignInAttempt.objects.select_related("session").filter(pk=attempt_id).first()
    session = None if attempt is None else _account(attempt)
    return [] if session is None else future_tokens.of(session.pk)


@transaction.atomic
def key_made(attempt_id: UUID | str, key: Mapping[str, Any]) -> None:
    """Before the first request that may sign the key in: if its answer is lost, the key tells whether it did."""
    attempt = locked(attempt_id)
    if attempt.step != SignInStep.DONE:  # a sign-in that is cancelled meanwhile needs it to log the key out
        keep_secret(attempt, **key)


def refused(attempt: SignInAttempt) -> None:
    """Telegram has sent a code in spite of them."""
    session = _account(attempt)
    if session is not None:
        future_tokens.forget(session.pk)


def _account(attempt: SignInAttempt) -> Session | None:
    """The known account with the attempt's number, if the user who signs in manages it."""
    accounts = Session.objects.filter(network=attempt.session.network, phone=attempt.phone)
    session = accounts.exclude(telegram_user_id=None).first()
    return None if session is None or known.is_strangers(attempt, session) else session
