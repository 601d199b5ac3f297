"""Background tasks of the staff app."""

from __future__ import annotations

from typing import Any

from django.db import connection

from apps.staff.services import failures, logins
from tgadmin.core.tasks import path, task

FORGET, TELL = "Forget ended logins", "Tell the audit of wrong sign-ins"


@task
def forget_ended_logins() -> int:
    return logins.forget_ended()


@task
def tell_failures() -> int:
    return failures.tell()


def schedule(**kwargs: Any) -> None:
    """After each ``migrate``: each on the schedule once."""
    from django_q.models import Schedule

    if Schedule._meta.db_table not in connection.introspection.table_names():
        return  # a partial migration: the next one makes up for it
    wanted = (
        (FORGET, {"func": path(forget_ended_logins), "schedule_type": Schedule.DAILY}),
        (TELL, {"func": path(tell_failures), "schedule_type": Schedule.MINUTES, "minutes": 1}),
    )
    for name, how in wanted:
        if not Schedule.objects.filter(name=name).exists():
            Schedule.objects.create(name=name, **how)
