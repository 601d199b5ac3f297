"""Who may do what with which session."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.sessions.models.session import Session
from apps.staff.roles import Role


def name_of(holder: User | Group) -> str:
    """As the timeline and the lists name the holder of a right."""
    return f"group {holder.name}" if isinstance(holder, Group) else holder.get_username()


class SessionGrant(models.Model):
    """A user's role in one session, or that of everybody in a group; the highest that one has counts. Superusers need
    none."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="grants")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="session_grants"
    )
    group = models.ForeignKey(Group, null=True, blank=True, on_delete=models.CASCADE, related_name="session_grants")
    role = models.PositiveSmallIntegerField(choices=Role, default=Role.VIEWER)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    granted_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "telegram_session_grants"
        verbose_name = "right"
        constraints = (
            models.UniqueConstraint(fields=("session", "user"), name="grant_once"),
            models.UniqueConstraint(fields=("session", "group"), name="grant_once_to_a_group"),
            models.CheckConstraint(
                name="grant_to_one",
                condition=Q(user__isnull=True, group__isnull=False) | Q(user__isnull=False, group__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.holder}: {self.get_role_display()}"

    def clean(self) -> None:
        if (self.user_id is None) == (self.group_id is None):
            raise ValidationError("A right is for one user or for one group.")

    @property
    def to(self) -> User | Group:
        """Who has it; reads the user or the group."""
        found = self.user or self.group
        assert found is not None  # grant_to_one  # noqa: S101
        return found

    @property
    def holder(self) -> str:
        """Who has it, in words; reads the user or the group."""
        return name_of(self.to)


class RoleEverywhere(models.Model):
    """A user's role in all accounts, later ones too: each new account gives it as a SessionGrant."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="role_everywhere")
    role = models.PositiveSmallIntegerField(choices=Role)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    granted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "telegram_roles_everywhere"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_role_display()} of all accounts"


class AccessRequest(models.Model):
    """Somebody signed a known account in without being its manager and was not let in: its managers are asked whether
    to give them a role. ``role`` is what was given, None: nothing."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="access_requests")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    role = models.PositiveSmallIntegerField(choices=Role, null=True, blank=True)

    class Meta:
        db_table = "telegram_access_requests"
        ordering = ("-asked_at",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("session", "user"), condition=Q(decided_at=None), name="access_request_open_once"
            ),
        )
        indexes = (
            models.Index(fields=("decided_at",), condition=Q(decided_at__isnull=False), name="access_request_over"),
        )

    def __str__(self) -> str:
        return f"Access request {self.pk}"
