"""What is kept of this app's tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from apps.common.retention import Bounded, Forever, Pruned, declare
from apps.sessions.models import AccessRequest, SessionEvent
from apps.sessions.services.newest import beyond_newest


def _timeline(before: datetime) -> Iterable[QuerySet[SessionEvent]]:
    return beyond_newest(SessionEvent, "at", settings.TIMELINE_KEPT_LINES, before)


declare(
    Forever("telegram_sessions", "The accounts. Rows that sign-ins made for nothing are deleted by the clean-up."),
    Pruned(
        "telegram_session_events",
        "The accounts' timelines.",
        _timeline,
        "TIMELINE_KEPT_DAYS",
        "of each account the newest `TIMELINE_KEPT_LINES` for good",
    ),
    Forever("telegram_authorizations", "Which keys an account had: one row for each sign-in, without the key."),
    Bounded("telegram_authorization_secrets", "The keys themselves: erased when the authorization ends."),
    Bounded("telegram_authorization_tokens", "What spares a later sign-in its code: at most 20 for each account."),
    Bounded("telegram_devices", "The accounts' devices: replaced each time that Telegram's list is fetched."),
    Bounded("telegram_proxies", "At most one row for each account."),
    Bounded("telegram_proxy_secrets", "At most one row for each account."),
    Forever("telegram_session_grants", "Who may do what: until somebody takes the right away."),
    Bounded("telegram_roles_everywhere", "At most one row for each colleague: their role in all accounts."),
    Pruned(
        "telegram_access_requests",
        "Who signed a known account in and was not let in, after a manager has answered.",
        lambda before: [AccessRequest.objects.filter(decided_at__lt=before).order_by("decided_at")],
        "SIGN_INS_KEPT_DAYS",
        "what nobody has answered stays",
    ),
    Bounded("telegram_update_states", "One row for each account."),
    Bounded("telegram_channel_states", "One row for each channel that an account is in or has seen."),
)
