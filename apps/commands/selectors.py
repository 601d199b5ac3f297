"""What pages and commands read of the gateways."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from apps.commands.models import Node

BEATS_WITHIN = timedelta(seconds=10)
"""A gateway whose last beat is older is taken for stopped: it beats every second."""


def gateway_is_running() -> bool:
    """Whether any gateway has beaten just now, by the database's clock."""
    return Node.objects.filter(beat_at__gt=Now() - BEATS_WITHIN).exists()
