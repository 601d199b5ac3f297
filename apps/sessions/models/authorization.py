"""Authorizations: the auth keys of an account; the key itself lies encrypted in a table of its own. And the tokens that
spare a later sign-in its code."""

from __future__ import annotations

from typing import TypeAlias

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.common.fields import EncryptedJSONField, SealedRow
from apps.sessions.models.session import Session


# Beside the model, which has it as Authorization.Role: the body of its Meta sees no names of its own.
class AuthorizationRole(models.TextChoices):
    CURRENT = "current", "Current"
    SPARE = "spare", "Spare"
    OLD = "old", "Old"


class Authorization(models.Model):
    """One auth key of a session: one CURRENT, perhaps one SPARE, OLD ones kept as facts without their secret."""

    Role: TypeAlias = AuthorizationRole

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="authorizations")
    role = models.CharField(max_length=8, choices=Role, default=Role.CURRENT)
    key_id = models.BigIntegerField(help_text="Telegram's auth_key_id (64 bits, signed): a fact, not a secret.")
    dc_id = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_code = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "telegram_authorizations"
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("session", "role"), condition=~Q(role=AuthorizationRole.OLD), name="authorization_one_per_role"
            ),
            # Two that use one key make Telegram destroy it (AUTH_KEY_DUPLICATED).
            models.UniqueConstraint(
                fields=("key_id",), condition=~Q(role=AuthorizationRole.OLD), name="authorization_key_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_role_display()} authorization of {self.session_id}"


class AuthorizationSecret(models.Model):
    """``secret``: {"dc_id", "server_address", "port", "auth_key" (base64)}. Erased when the authorization ends."""

    authorization = models.OneToOneField(
        Authorization, primary_key=True, on_delete=models.CASCADE, related_name="secret_row"
    )
    secret = EncryptedJSONField()

    class Meta:
        db_table = "telegram_authorization_secrets"

    def __str__(self) -> str:
        return "secret"


class FutureAuthToken(SealedRow):
    """Sent with a later sign-in, it replaces the code (https://core.telegram.org/api/auth#future-auth-tokens).
    ``token``: base64."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="future_auth_tokens")
    token = EncryptedJSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "telegram_authorization_tokens"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return "token"
