"""Background tasks of the sessions app; each parses nothing, calls one service, reports."""

from __future__ import annotations

from typing import Any

from django.db import connection

from apps.sessions.services import cleanup

CLEAN_UP = "Clean up sign-ins"


def clean_up() -> dict[str, int]:
    return cleanup.run().as_dict()


def schedule(**kwargs: Any) -> None:
    """After each ``migrate``: the hourly clean-up is on the schedule, once."""
    from django_q.models import Schedule

    if Schedule._meta.db_table not in connection.introspection.table_names():
        return  # a partial migration: the next one makes up for it
    if not Schedule.objects.filter(name=CLEAN_UP).exists():
        Schedule.objects.create(name=CLEAN_UP, func="apps.sessions.tasks.clean_up", schedule_type=Schedule.HOURLY)
