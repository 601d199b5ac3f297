"""What is kept of this app's tables, of django-q2's and of Django's own that belong to nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django_q.models import Failure

from apps.sessions.models import AccessRequest, Command, FloodWait, SessionEvent, SignInAttempt
from apps.sessions.services.retention import Bounded, Forever, Pruned, beyond_newest, declare
from apps.sessions.services.signin.common import OVER


def _commands(before: datetime) -> Iterable[QuerySet[Command]]:
    """Settled ones, but the last that each account has done: its page says when the account was used last."""
    done = Command.objects.filter(session_id=OuterRef("session_id"), state=Command.State.DONE)
    last = Subquery(done.filter(settled_at__isnull=False).order_by("-settled_at").values("pk")[:1])
    last_or_none = Coalesce(last, 0)  # a row is not unlike NULL
    settled = Command.objects.filter(state__in=Command.SETTLED, settled_at__lt=before)
    return [settled.exclude(pk=last_or_none).order_by("settled_at")]


def _timeline(before: datetime) -> Iterable[QuerySet[SessionEvent]]:
    return beyond_newest(SessionEvent, "at", settings.TIMELINE_KEPT_LINES, before)


declare(
    Forever("telegram_sessions", "The accounts. Places that sign-ins made for nothing are deleted by the clean-up."),
    Pruned(
        "telegram_session_events",
        "The accounts' timelines.",
        _timeline,
        "TIMELINE_KEPT_DAYS",
        "of each account the newest `TIMELINE_KEPT_LINES` for good",
    ),
    Forever("telegram_authorizations", "Which keys an account had: one row for each sign-in, without the key."),
    Bounded("telegram_authorization_secrets", "The keys themselves: erased when the authorization ends."),
    Pruned(
        "telegram_commands",
        "What was asked of the gateway, after it was settled.",
        _commands,
        "COMMANDS_KEPT_DAYS",
        "what waits, what a message waits for and the last one done for each account stay",
    ),
    Bounded("telegram_command_secrets", "Codes and passwords on their way: erased when the command is settled."),
    Bounded("telegram_devices", "The accounts' devices: replaced by each look at Telegram's list."),
    Bounded("gateway_nodes", "The gateways: each deletes those that have not beaten for a day."),
    Bounded("telegram_leases", "One row for each account."),
    Bounded("telegram_proxies", "At most one row for each account."),
    Bounded("telegram_proxy_secrets", "At most one row for each account."),
    Forever("telegram_session_grants", "Who may do what: until somebody takes the right away."),
    Pruned(
        "telegram_access_requests",
        "Who signed a known account in and was not let in, after a manager has answered.",
        lambda before: [AccessRequest.objects.filter(decided_at__lt=before).order_by("decided_at")],
        "SIGN_INS_KEPT_DAYS",
        "what nobody has answered stays",
    ),
    Pruned(
        "telegram_sign_ins",
        "Sign-ins of accounts, after they ended; those that nobody goes on with are ended after a day.",
        lambda before: [SignInAttempt.objects.filter(step__in=OVER, updated_at__lt=before).order_by("updated_at")],
        "SIGN_INS_KEPT_DAYS",
    ),
    Bounded("telegram_sign_in_secrets", "Half-signed keys: erased when the sign-in ends."),
    Bounded("telegram_update_states", "One row for each account."),
    Bounded("telegram_channel_states", "One row for each channel that an account is in or has seen."),
    Pruned(
        "telegram_flood_waits",
        'Telegram\'s "not before", after it has passed.',
        lambda before: [FloodWait.objects.filter(until__lt=before).order_by("until")],
        "FLOOD_WAITS_KEPT_DAYS",
    ),
    Pruned(
        "django_q_task",
        "What background tasks said when they failed; of those that went well the worker keeps the newest 1,000.",
        lambda before: [Failure.objects.filter(stopped__lt=before).order_by("stopped")],
        "TASKS_KEPT_DAYS",
    ),
    Bounded("django_q_schedule", "One row for each thing that is done regularly."),
    Bounded("django_q_ormq", "Tasks that wait: the worker takes them, and gives each up after five tries."),
    Bounded("django_content_type", "One row for each kind of row."),
    Bounded("django_migrations", "One row for each migration."),
)
