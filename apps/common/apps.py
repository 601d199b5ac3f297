"""The common app: what the others stand on."""

import psycopg
from django.apps import AppConfig
from django.db import connection
from django.db.backends.postgresql.psycopg_any import get_adapters_template

from tgadmin.core import moments


class CommonConfig(AppConfig):
    name = "apps.common"
    label = "common"
    verbose_name = "Common"

    def ready(self) -> None:
        from apps.common import checks, kept, worker  # noqa: F401  registers system checks, declares what is kept

        worker.guard()
        _tolerate_times()


def _tolerate_times() -> None:
    """On every connection, Django's and our own: one absurd time in the database must not cost a page."""
    moments.tolerate(psycopg.adapters)
    moments.tolerate(get_adapters_template(True, connection.timezone).adapters, connection.timezone)
