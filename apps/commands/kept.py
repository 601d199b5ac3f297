"""What is kept of this app's tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.commands.models import Command, FloodWait
from apps.common.retention import Bounded, Pruned, declare


def _commands(before: datetime) -> Iterable[QuerySet[Command]]:
    """Settled commands, except each account's last successful one: its page shows when the account was last used."""
    done = Command.objects.filter(session_id=OuterRef("session_id"), state=Command.State.DONE)
    last = Subquery(done.filter(settled_at__isnull=False).order_by("-settled_at").values("pk")[:1])
    last_or_none = Coalesce(last, 0)  # a row is not unlike NULL
    settled = Command.objects.filter(state__in=Command.SETTLED, settled_at__lt=before)
    return [settled.exclude(pk=last_or_none).order_by("settled_at")]


declare(
    Pruned(
        "telegram_commands",
        "What was asked of the gateway, after it was settled.",
        _commands,
        "COMMANDS_KEPT_DAYS",
        "what waits, what a message waits for and the last one done for each account stay",
    ),
    Bounded("telegram_command_secrets", "Codes and passwords on their way: erased when the command is settled."),
    Bounded("gateway_nodes", "The gateways: each deletes those that have had no heartbeat for an hour."),
    Bounded("telegram_leases", "One row for each account."),
    Pruned(
        "telegram_flood_waits",
        'Telegram\'s "not before", after it has passed.',
        lambda before: [FloodWait.objects.filter(until__lt=before).order_by("until")],
        "FLOOD_WAITS_KEPT_DAYS",
    ),
)
