"""What monitoring keeps."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class AuditEntry(models.Model):
    """Who did what to which account, when and from where: written once. The database itself refuses to change, delete
    or truncate entries (migration 0001).

    Users and accounts are named, not referred to: entries stay when those go.
    """

    at = models.DateTimeField(default=timezone.now, editable=False)
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=200)
    """A user's name; what did it where nobody was signed in: "command line (root)", "gateway"; empty for a stranger."""
    action = models.CharField(max_length=64)
    session_id = models.BigIntegerField(null=True)
    account = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=160, blank=True)
    """The browser, as it names itself; or which process did it for its actor."""

    class Meta:
        db_table = "audit_entries"
        ordering = ("-at", "-id")
        verbose_name, verbose_name_plural = "audit entry", "audit"
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=("-at", "-id"), name="audit_by_time"),
            models.Index(fields=("session_id", "-at"), name="audit_by_account"),
            models.Index(fields=("actor_id", "-at"), name="audit_by_actor"),
            models.Index(fields=("action", "-at"), name="audit_by_action"),
        )

    def __str__(self) -> str:
        return f"{self.actor}: {self.action}"
