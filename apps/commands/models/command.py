"""The command bus: rows that ask the gateway to do something at Telegram."""

from __future__ import annotations

from typing import TypeAlias

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.common.fields import EncryptedJSONField


# Beside the model, which has them as Command.State and Command.Origin: the body of its Meta sees no names of its own.
class CommandState(models.TextChoices):
    QUEUED = "queued", "Queued"
    CLAIMED = "claimed", "Claimed"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class CommandOrigin(models.TextChoices):
    PERSON = "person", "Person"
    SYSTEM = "system", "System"


_OPEN = (CommandState.QUEUED, CommandState.CLAIMED)
_SETTLED = (CommandState.DONE, CommandState.FAILED, CommandState.CANCELLED)


class Command(models.Model):
    """One thing to do. Commands of one session and ``lane`` run in the order of their ids, one at a time; lanes do not
    wait for each other. ``fence`` is the lease's fencing number under which it was claimed: a claimed row with an older
    one has an unknown outcome, and its kind's rule says what then."""

    State: TypeAlias = CommandState
    Origin: TypeAlias = CommandOrigin
    OPEN = _OPEN
    """States of what a gateway has to do still; its index ``command_open`` is what the claim goes through."""
    SETTLED = _SETTLED

    session = models.ForeignKey("tg_sessions.Session", on_delete=models.CASCADE, related_name="commands")
    origin = models.CharField(
        max_length=6,
        choices=Origin,
        default=Origin.PERSON,
        db_default=Origin.PERSON,
        help_text="A person's is carried out only while that person has the right; one whose user is gone never is.",
    )
    kind = models.CharField(max_length=32)
    lane = models.CharField(max_length=64, help_text="chat:<peer id>, sign-in:<attempt>, account …")
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    result = models.JSONField(null=True, blank=True)
    progress = models.JSONField(
        null=True, blank=True, help_text="How far a request of many pages has come: the next try goes on there."
    )
    error_code = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    fence = models.BigIntegerField(null=True, blank=True)
    not_before = models.DateTimeField(
        null=True, blank=True, help_text="Waits until then (flood wait, slow mode, retry)."
    )
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_by = models.CharField(
        max_length=150, blank=True, default="", db_default="", help_text="Their name, kept when the user is gone."
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "telegram_commands"
        ordering = ("id",)
        indexes = (
            models.Index(fields=("session", "lane", "id"), condition=Q(state__in=_OPEN), name="command_open"),
            models.Index(fields=("created_by",), condition=Q(state__in=_OPEN), name="command_waiting"),
            models.Index(fields=("settled_at",), condition=Q(state__in=_SETTLED), name="command_old"),
            models.Index(fields=("session", "-settled_at"), condition=Q(state=CommandState.DONE), name="command_done"),
        )

        constraints = (
            models.CheckConstraint(
                condition=Q(origin=CommandOrigin.PERSON) | Q(origin=CommandOrigin.SYSTEM, created_by=None),
                name="command_of_the_system",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class CommandSecret(models.Model):
    """What a command needs and nobody may read: a code, a password. Erased when the command is settled."""

    command = models.OneToOneField(Command, primary_key=True, on_delete=models.CASCADE, related_name="secret_row")
    secret = EncryptedJSONField()

    class Meta:
        db_table = "telegram_command_secrets"

    def __str__(self) -> str:
        return "secret"
