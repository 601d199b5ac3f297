"""Who may do what with which session."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.sessions.models.session import Session


class Role(models.IntegerChoices):
    """Each role includes those before it."""

    VIEWER = 1, "Viewer"
    OPERATOR = 2, "Operator"
    MANAGER = 3, "Manager"


class SessionGrant(models.Model):
    """A user's role in one session. Superusers need none."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="grants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="session_grants")
    role = models.PositiveSmallIntegerField(choices=Role, default=Role.VIEWER)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    granted_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "telegram_session_grants"
        constraints = (models.UniqueConstraint(fields=("session", "user"), name="grant_once"),)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.get_role_display()}"
