"""Slots of live sockets, counted over all web processes: who has one, and which process answers for it.

No foreign keys: these rows come and go by the second, and deleting a user shall not have to name them.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class LiveProcess(models.Model):
    """A web process with open sockets. One whose ``beat`` is old is dead, and its slots are free."""

    id = models.UUIDField(primary_key=True)
    beat = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "live_processes"

    def __str__(self) -> str:
        return str(self.id)


class LiveSocket(models.Model):
    """A slot. ``page`` is the browser page's own name for itself, the same over its reconnections. Closed ones are
    kept for a minute: they count as connections made within it."""

    id = models.UUIDField(primary_key=True)
    process_id = models.UUIDField()
    user_id = models.BigIntegerField()
    page = models.UUIDField(null=True)
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "live_sockets"
        indexes = (models.Index(fields=("user_id", "opened_at"), name="live_socket_user"),)

    def __str__(self) -> str:
        return str(self.id)
