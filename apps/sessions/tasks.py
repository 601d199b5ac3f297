"""Background tasks of the sessions app; each parses nothing, calls one service, reports."""

from __future__ import annotations

from typing import Any

from django.db import connection

from apps.sessions.services import cleanup, devices, retention
from tgadmin.core.tasks import path, task

CLEAN_UP = "Clean up sign-ins"
LOOK_AT_DEVICES = "Look at accounts' devices"


@task
def clean_up() -> dict[str, int]:
    """What sign-ins left, and what is no longer kept of each table; how many rows of each went."""
    return cleanup.run().as_dict() | retention.prune()


@task
def look_at_devices() -> int:
    return devices.look_at_stale()


def schedule(**kwargs: Any) -> None:
    """After each ``migrate``: what is done every hour is on the schedule, once."""
    from django_q.models import Schedule

    if Schedule._meta.db_table not in connection.introspection.table_names():
        return  # a partial migration: the next one makes up for it
    for name, function in ((CLEAN_UP, clean_up), (LOOK_AT_DEVICES, look_at_devices)):
        if not Schedule.objects.filter(name=name).exists():
            Schedule.objects.create(name=name, func=path(function), schedule_type=Schedule.HOURLY)
