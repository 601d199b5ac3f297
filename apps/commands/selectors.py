"""What pages and commands read of the gateways."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from apps.commands.models import Node

HEARTBEAT_WITHIN = timedelta(seconds=10)
"""A gateway whose last heartbeat is older is taken for stopped: a heartbeat comes every second."""


def gateway_is_running() -> bool:
    """Whether any gateway has had a heartbeat just now, by the database's clock."""
    return Node.objects.filter(beat_at__gt=Now() - HEARTBEAT_WITHIN).exists()
