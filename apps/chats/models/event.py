"""Events: what changed in a chat, numbered without gaps, for browsers to resume from; and the ledger of gaps."""

from __future__ import annotations

import uuid

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from apps.chats.models.chat import Chat
from apps.common.fields import EncryptedBytesField, SealedRow
from apps.sessions.models import Session


class Event(models.Model):
    """Change ``number`` of a chat. ``kind``: one of EventKind.

    A reader loads ``message_id`` (our row) as it is now: an event says that something changed, not what it was."""

    id = models.BigAutoField(primary_key=True)
    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="events", db_index=False)
    number = models.BigIntegerField()
    kind = models.CharField(max_length=16)
    message_id = models.BigIntegerField(null=True, blank=True)
    data = models.JSONField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        db_table = "chat_events"
        ordering = ("chat", "number")
        constraints = (models.UniqueConstraint(fields=("chat", "number"), name="event_number_once"),)
        indexes = (BrinIndex(fields=("at",), name="event_age"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class Gap(models.Model):
    """Updates that Telegram no longer gave, or that had to be fetched: when, where, how many were recovered, how."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="gaps")
    box = models.BigIntegerField(default=0)
    low_pts = models.BigIntegerField()
    high_pts = models.BigIntegerField()
    how = models.CharField(max_length=32)
    recovered = models.PositiveIntegerField(null=True, blank=True)
    after_row = models.BigIntegerField(default=0, editable=False, help_text="Rows of messages after it came later.")
    at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "telegram_gaps"
        ordering = ("-at",)
        indexes = (models.Index(fields=("closed_at",), condition=models.Q(closed_at__isnull=False), name="gap_closed"),)

    def __str__(self) -> str:
        return f"gap {self.low_pts}–{self.high_pts}"


class UnreadableUpdate(SealedRow):
    """An update that could not be understood or stored, kept aside with its bytes: TL's, from where it could not be
    read, or our rendering of what the database refused. Never in the way of the others.

    ``data``: the bytes, encrypted. Nobody knows what is in them: it may be a message of anybody."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="unreadable_updates")
    kind = models.CharField(max_length=64)
    reason = models.CharField(max_length=255)
    data = EncryptedBytesField()
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        db_table = "telegram_unreadable_updates"
        ordering = ("-at",)
        indexes = (models.Index(fields=("session", "-at"), name="unreadable_by_account"),)

    def __str__(self) -> str:
        return f"unreadable {self.kind}"


class Installation(models.Model):
    """One row: the epoch of event numbers. It changes when a database is restored, so that pages start afresh."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    epoch = models.UUIDField(default=uuid.uuid4)

    class Meta:
        db_table = "installation"

    def __str__(self) -> str:
        return str(self.epoch)
