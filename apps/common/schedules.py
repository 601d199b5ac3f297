"""What is done regularly: an app's AppConfig says so once, and it is on django-q2's schedule after each ``migrate``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import AppConfig
from django.db import connection
from django.db.models.signals import post_migrate

from tgadmin.core.tasks import path

HOURLY = 60


def every(minutes: int, name: str, function: Callable[..., Any], *, of: AppConfig) -> None:
    """Has the worker run the task ``function`` every so many minutes, as ``name`` in the admin's list."""

    def put_on_schedule(**kwargs: Any) -> None:
        from django_q.models import Schedule

        if Schedule._meta.db_table not in connection.introspection.table_names():
            return  # a partial migration: the next one makes up for it
        if not Schedule.objects.filter(name=name).exists():  # the name is not unique: two would be one too many
            Schedule.objects.create(name=name, func=path(function), schedule_type=Schedule.MINUTES, minutes=minutes)

    post_migrate.connect(put_on_schedule, sender=of, weak=False, dispatch_uid=f"schedule {name}")
