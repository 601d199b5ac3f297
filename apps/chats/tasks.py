"""Background tasks of the chats app; each parses nothing, calls one service, reports."""

from __future__ import annotations

from typing import Any

from django.db import connection

from apps.chats.services import pruning
from tgadmin.core.tasks import path, task

PRUNE = "Prune events"
MINUTES = 10


@task
def prune_events() -> dict[str, int]:
    return {"events": pruning.prune_events()}


def schedule(**kwargs: Any) -> None:
    """After each ``migrate``: pruning is on the schedule, once."""
    from django_q.models import Schedule

    if Schedule._meta.db_table not in connection.introspection.table_names():
        return  # a partial migration: the next one makes up for it
    if not Schedule.objects.filter(name=PRUNE).exists():
        Schedule.objects.create(name=PRUNE, func=path(prune_events), schedule_type=Schedule.MINUTES, minutes=MINUTES)
