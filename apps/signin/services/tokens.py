"""A sign-in of a known account may do without a code: by a token that Telegram gave for it before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.sessions.models import Session
from apps.sessions.services import future_tokens
from apps.signin.models import SignInAttempt
from apps.signin.services import known
from apps.signin.services.common import keep_secret, locked


def tokens_of(attempt_id: UUID | str) -> list[bytes]:
    """What may be shown for the attempt's number, the newest first: what is there for its account, if whoever signs in
    manages that."""
    attempt = SignInAttempt.objects.select_related("session").filter(pk=attempt_id).first()
    session = None if attempt is None else _account(attempt)
    return [] if session is None else future_tokens.of(session.pk)


@transaction.atomic
def key_made(attempt_id: UUID | str, key: Mapping[str, Any]) -> None:
    """Before the first request that may sign the key in: if its answer is lost, the key tells whether it did."""
    attempt = locked(attempt_id)
    if not attempt.is_over:
        keep_secret(attempt, **key)


def refused(attempt: SignInAttempt) -> None:
    """Telegram sends a code though they were shown."""
    session = _account(attempt)
    if session is not None:
        future_tokens.forget(session.pk)


def _account(attempt: SignInAttempt) -> Session | None:
    """The known account that has the attempt's number, unless it is none of whoever signs in."""
    accounts = Session.objects.filter(network=attempt.session.network, phone=attempt.phone)
    session = accounts.exclude(telegram_user_id=None).first()
    return None if session is None or known.is_strangers(attempt, session) else session
