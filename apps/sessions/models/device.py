"""The account's devices as Telegram lists them (account.getAuthorizations), kept from one look to the next."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.sessions.models.session import Session

CONFIRMED_AFTER = timedelta(days=7)
"""Telegram's ``authorization_autoconfirm_period`` (https://core.telegram.org/api/auth#confirming-login)."""


class Device(models.Model):
    """One authorization of the account at Telegram. ``hash`` names it there; 0 is the one that is used here.

    ``noticed_at``: it appeared while we watched, and was added elsewhere; ``known_at``: a manager said that it is
    all right.
    """

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="devices")
    hash = models.BigIntegerField()
    is_pending = models.BooleanField(default=False, help_text="The code was right; the cloud password was not given.")
    is_unconfirmed = models.BooleanField(default=False)
    is_official = models.BooleanField(default=False)
    is_ours = models.BooleanField(default=False, help_text="This installation made it.")
    device_model = models.CharField(max_length=128, blank=True)
    platform = models.CharField(max_length=64, blank=True)
    system_version = models.CharField(max_length=64, blank=True)
    app_name = models.CharField(max_length=128, blank=True)
    app_version = models.CharField(max_length=64, blank=True)
    api_id = models.BigIntegerField(default=0)
    ip = models.CharField(max_length=64, blank=True)
    country = models.CharField(max_length=64, blank=True)
    region = models.CharField(max_length=64, blank=True)
    signed_in_at = models.DateTimeField()
    active_at = models.DateTimeField()
    seen_at = models.DateTimeField(default=timezone.now, help_text="When we saw it first.")
    noticed_at = models.DateTimeField(null=True, blank=True)
    known_at = models.DateTimeField(null=True, blank=True)
    known_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        db_table = "telegram_devices"
        ordering = ("hash",)
        constraints = (models.UniqueConstraint(fields=("session", "hash"), name="device_once"),)

    def __str__(self) -> str:
        return self.label

    @property
    def is_current(self) -> bool:
        return self.hash == 0

    @property
    def is_strange(self) -> bool:
        """Whether somebody has still to say what it is."""
        return self.noticed_at is not None and self.known_at is None

    @property
    def awaits_confirmation(self) -> bool:
        """Whether Telegram has asked the account's owner whether this login was theirs, and still waits for the answer;
        after a week Telegram confirms the login by itself, without an update."""
        return self.is_unconfirmed and timezone.now() < self.signed_in_at + CONFIRMED_AFTER

    @property
    def label(self) -> str:
        """What it is, in words."""
        program = " ".join(part for part in (self.app_name, self.app_version) if part)
        return ", ".join(part for part in (self.device_model, program) if part) or "Unknown device"
