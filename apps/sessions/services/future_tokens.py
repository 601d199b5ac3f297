"""Tokens that sign an account in without a code: Telegram gives one at a sign-in or a log-out, and takes up to 20.

https://core.telegram.org/api/auth#future-auth-tokens
"""

from __future__ import annotations

import base64
from datetime import timedelta

from django.utils import timezone

from apps.sessions.models import FutureAuthToken

MOST = 20
"""As many as Telegram takes: older ones go."""
KEPT_DAYS = 180
"""Telegram's default for ending an unused authorization; a token is used no longer."""


def keep(session_id: int, token: bytes | None) -> None:
    """Keep what Telegram gave for the account, None for nothing."""
    if not token:
        return
    FutureAuthToken(session_id=session_id, token=base64.b64encode(token).decode()).save()
    newest = FutureAuthToken.objects.filter(session_id=session_id).order_by("-pk").values_list("pk", flat=True)
    FutureAuthToken.objects.filter(pk__in=list(newest[MOST:])).delete()


def of(session_id: int) -> list[bytes]:
    """The account's, the newest first."""
    rows = FutureAuthToken.objects.filter(
        session_id=session_id, created_at__gt=timezone.now() - timedelta(days=KEPT_DAYS)
    )
    return [base64.b64decode(row.token) for row in rows.order_by("-pk")[:MOST]]


def forget(session_id: int) -> None:
    """They were shown, and Telegram asks for a code all the same: none of them is of use."""
    FutureAuthToken.objects.filter(session_id=session_id).delete()
