"""Background tasks of the staff app."""

from __future__ import annotations

from typing import Any

from django.db import connection

from apps.staff.services import logins
from tgadmin.core.tasks import path, task

FORGET = "Forget ended logins"


@task
def forget_ended_logins() -> int:
    return logins.forget_ended()


def schedule(**kwargs: Any) -> None:
    """After each ``migrate``: once a day, on the schedule once."""
    from django_q.models import Schedule

    if Schedule._meta.db_table not in connection.introspection.table_names():
        return  # a partial migration: the next one makes up for it
    if not Schedule.objects.filter(name=FORGET).exists():
        Schedule.objects.create(name=FORGET, func=path(forget_ended_logins), schedule_type=Schedule.DAILY)
