"""The sessions app; its label avoids django.contrib.sessions."""

import psycopg
from django.apps import AppConfig
from django.db import connection
from django.db.backends.postgresql.psycopg_any import get_adapters_template
from django.db.models.signals import post_migrate

from tgadmin.core import moments


class SessionsConfig(AppConfig):
    name = "apps.sessions"
    label = "tg_sessions"
    verbose_name = "Telegram sessions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.sessions import checks, demo, tasks, worker  # noqa: F401  registers system checks and tasks
        from apps.sessions.services import kept  # noqa: F401  declares what is kept

        worker.guard()
        post_migrate.connect(tasks.schedule, sender=self)
        _tolerate_times()


def _tolerate_times() -> None:
    """On every connection, Django's and our own: one absurd time in the database must not cost a page."""
    moments.tolerate(psycopg.adapters)
    moments.tolerate(get_adapters_template(True, connection.timezone).adapters, connection.timezone)
