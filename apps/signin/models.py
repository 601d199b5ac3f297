"""A sign-in under way: resumable at its address, its secrets encrypted and erased at its end."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.common.fields import EncryptedJSONField
from apps.sessions.models.session import Session


class SignInMethod(models.TextChoices):
    """How the account is signed in."""

    QR = "qr", "QR code"
    PHONE = "phone", "Phone number"
    IMPORT = "import", "Import"


class SignInStep(models.TextChoices):
    """Which step waits for the person (IMPORT: for the gateway, which tries the key)."""

    QR = "qr", "QR code"
    IMPORT = "import", "Import"
    PHONE = "phone", "Phone number"
    EMAIL = "email", "Login email"
    CODE = "code", "Code"
    PASSWORD = "password", "Cloud password"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


_OVER = (SignInStep.DONE, SignInStep.FAILED, SignInStep.CANCELLED)


class SignInAttempt(models.Model):
    """One sign-in of ``session`` (new, or one that needs a fresh key). ``error_code`` and ``flood_until`` tell what the
    last step answered; ``busy`` is true while a command of this attempt is under way."""

    OVER = _OVER
    """Steps of a sign-in that has ended."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="sign_ins")
    method = models.CharField(max_length=6, choices=SignInMethod, default=SignInMethod.PHONE)
    phone = models.CharField(max_length=20, blank=True)
    step = models.CharField(max_length=10, choices=SignInStep, default=SignInStep.PHONE)
    busy = models.BooleanField(default=False)
    error_code = models.CharField(max_length=64, blank=True)
    flood_until = models.DateTimeField(null=True, blank=True)
    code_via = models.CharField(max_length=24, blank=True, help_text="app, sms, call, email_code …")
    code_hint = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Where it went, or how it begins."
    )
    code_length = models.PositiveSmallIntegerField(null=True, blank=True)
    next_via = models.CharField(max_length=24, blank=True, help_text="How the code comes if it is asked for again.")
    resend_at = models.DateTimeField(null=True, blank=True)
    token_until = models.DateTimeField(null=True, blank=True, help_text="When the QR code that is shown lapses.")
    password_hint = models.CharField(max_length=255, blank=True)
    key_id = models.BigIntegerField(null=True, blank=True, help_text="Of the key that is imported: a fact, no secret.")
    numbers = models.PositiveSmallIntegerField(
        default=1, help_text="Phone numbers that were tried in this one sign-in."
    )
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "telegram_sign_ins"
        verbose_name = "sign-in"
        ordering = ("-started_at",)
        indexes = (models.Index(fields=("updated_at",), condition=Q(step__in=_OVER), name="sign_in_over"),)

    def __str__(self) -> str:
        return f"Sign-in {self.id}"

    @property
    def is_over(self) -> bool:
        return self.step in _OVER


class SignInSecret(models.Model):
    """``secret``: {"dc_id", "server_address", "port", "auth_key" (base64)}, and as the method of the sign-in asks
    "phone_code_hash"; "login_token" (base64url, what the QR code shows); "import_token" (one that was accepted, to be
    imported at its account's data centre)."""

    attempt = models.OneToOneField(SignInAttempt, primary_key=True, on_delete=models.CASCADE, related_name="secret_row")
    secret = EncryptedJSONField()

    class Meta:
        db_table = "telegram_sign_in_secrets"

    def __str__(self) -> str:
        return "secret"
