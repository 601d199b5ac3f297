"""Staff's logins, their second factors, and what is asked of all of them."""

from __future__ import annotations

import logging
import time
from typing import Any, cast

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from apps.common.fields import EncryptedJSONField
from tgadmin.core.encryption import DecryptionError

log = logging.getLogger(__name__)

STEP_SECONDS, DIGITS, TOLERANCE = 30, 6, 1
"""RFC 6238 as every authenticator app has it; a code is good for a step before and after its own."""
FREE_TRIES = 3
"""So many wrong codes in a row are let pass."""
MOST_FAILURES = 12
"""Wrong codes make one wait 1, 2, 4 … seconds; not longer than about half an hour: forty guesses a day are harmless,
and nobody shuts another out for good."""


class Login(AbstractBaseSession):
    """A login: Django's session, with whose it is, whether the second factor was given, since when and from where.

    ``session_key`` is the digest of the key in the cookie, never the key itself; ``expire_date`` moves with each use,
    and never passes the absolute limit (apps/staff/logins.py).
    """

    user_id = models.BigIntegerField(null=True, db_index=True)
    verified = models.BooleanField(default=False)
    began_at = models.DateTimeField(default=timezone.now)
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=160, blank=True)

    class Meta:
        db_table = "staff_logins"

    @classmethod
    def get_session_store_class(cls) -> Any:
        from apps.staff.logins import SessionStore

        return SessionStore


class Authenticator(TimestampMixin, ThrottlingMixin, Device):
    """An authenticator app of a user's: django-otp's device, its key encrypted in a table of its own. A user has one
    that is confirmed at most, and one that they are about to confirm."""

    last_step = models.BigIntegerField(default=-1)
    """The step of the last code: it and those before no longer work."""
    drift = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "staff_authenticators"
        constraints = (models.UniqueConstraint(fields=("user", "confirmed"), name="one_authenticator"),)

    def verify_is_allowed(self) -> tuple[bool, dict[str, Any] | None]:
        """A code mistyped once or twice costs no waiting; from then on each wrong one doubles it."""
        if self.throttling_failure_count < FREE_TRIES:
            return True, None
        allowed: tuple[bool, dict[str, Any] | None] = super().verify_is_allowed()
        return allowed

    def verify_token(self, token: str) -> bool:
        """Whether the code is right; counts wrong ones. Call it under a lock on the row."""
        allowed, _ = self.verify_is_allowed()
        if not allowed:
            return False
        key = self._key()
        right = key is not None and token.isascii() and token.isdigit() and self._matches(key, int(token))
        if right:
            self.throttle_reset(commit=False)
            self.set_last_used_timestamp(commit=False)
        else:
            self.throttle_increment(commit=False)
            failures: int = self.throttling_failure_count  # type: ignore[has-type]  # the mixin's
            self.throttling_failure_count = min(failures, MOST_FAILURES)
        self.save()
        return right

    def _key(self) -> bytes | None:
        """None: there is none, or it cannot be read; then no code is right."""
        secret = AuthenticatorSecret.objects.filter(authenticator=self).first()
        try:
            return None if secret is None else secret.key
        except DecryptionError as error:
            log.error("a secret cannot be read: %s", error.message)
            return None

    def _matches(self, key: bytes, token: int) -> bool:
        totp = TOTP(key, STEP_SECONDS, 0, DIGITS, self.drift)
        totp.time = time.time()
        if not totp.verify(token, TOLERANCE, self.last_step + 1):
            return False
        self.last_step, self.drift = totp.t(), totp.drift
        return True

    def get_throttle_factor(self) -> int:
        return 1


class AuthenticatorSecret(models.Model):
    """The key of an authenticator, encrypted."""

    authenticator = models.OneToOneField(
        Authenticator, on_delete=models.CASCADE, primary_key=True, related_name="secret_row"
    )
    secret = EncryptedJSONField()
    """{"key": hexadecimal}"""

    class Meta:
        db_table = "staff_authenticator_secrets"

    @property
    def key(self) -> bytes:
        kept = cast("dict[str, str]", self.secret)
        return bytes.fromhex(kept["key"])


class ConfirmationTries(models.Model):
    """Passwords by which a user would confirm that it is them and which were not right, or are being looked at."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    count = models.PositiveSmallIntegerField(default=0)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "staff_confirmation_tries"
        default_permissions = ()


class JoinLink(models.Model):
    """A one-time link by which a user sets their password: the newest that was made for them, until it is used. What is
    stored of it is a digest."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="join_link"
    )
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "staff_join_links"
        default_permissions = ()


class Failures(models.Model):
    """Wrong sign-ins, and lock-outs, of one minute under one name from one address, until the audit has them as one
    entry (apps/staff/services/failures.py)."""

    minute = models.DateTimeField()
    action = models.CharField(max_length=64)
    username = models.CharField(max_length=150)
    """Of somebody who exists, or in words who else."""
    step = models.CharField(max_length=32, blank=True)
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=160, blank=True)
    """Of the first of them."""
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        db_table = "staff_failures"
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("minute", "action", "username", "step", "address"), name="one_count", nulls_distinct=False
            ),
        )


class Policy(models.Model):
    """What is asked of all staff: one row, or none."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    second_factor_required = models.BooleanField(default=False)

    class Meta:
        db_table = "staff_policy"
        default_permissions = ()
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="one_policy"),)


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
