"""Background tasks of the staff app."""

from __future__ import annotations

from typing import Any

from django.db import connection

from apps.staff.services import failures
from tgadmin.core.tasks import path, task

TELL = "Tell the audit of wrong sign-ins"


@task
def tell_failures() -> int:
    return failures.tell()


def schedule(**kwargs: Any) -> None:
    """After each ``migrate``: on the schedule once."""
    from django_q.models import Schedule

    if Schedule._meta.db_table not in connection.introspection.table_names():
        return  # a partial migration: the next one makes up for it
    if not Schedule.objects.filter(name=TELL).exists():
        Schedule.objects.create(name=TELL, func=path(tell_failures), schedule_type=Schedule.MINUTES, minutes=1)
