"""The session: our lasting record of one Telegram account, and the timeline of what happened to it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class SessionStatus(models.TextChoices):
    """What a session is doing. Only READY talks to Telegram; what needs a person says so."""

    SIGNING_IN = "signing_in", "Signing in"
    CONNECTING = "connecting", "Connecting"
    SYNCING = "syncing", "Syncing"
    READY = "ready", "Ready"
    DISCONNECTED = "disconnected", "Disconnected"
    CONNECTION_FAILED = "connection_failed", "Connection failed"
    NEEDS_SIGN_IN = "needs_sign_in", "Needs sign-in"
    BANNED = "banned", "Banned by Telegram"
    DISABLED = "disabled", "Disabled"


class Session(models.Model):
    """One Telegram account, one per Telegram user id and network; chats, rights and addresses hang on it.

    While it is signed in for the first time it has no ``telegram_user_id`` and the status SIGNING_IN.
    """

    name = models.CharField(max_length=64, help_text="What colleagues call this account.")
    network = models.CharField(
        max_length=32, db_index=True, help_text="production, test, or one data centre: a key never leaves it."
    )
    telegram_user_id = models.BigIntegerField(null=True, blank=True)
    phone = models.CharField(max_length=20, blank=True, help_text="Digits only; shown masked.")
    profile_name = models.CharField(max_length=160, blank=True, help_text="First and last name at Telegram.")
    username = models.CharField(max_length=64, blank=True)
    dc_id = models.PositiveSmallIntegerField(null=True, blank=True)

    enabled = models.BooleanField(default=True, help_text="A disabled account is not connected.")
    status = models.CharField(max_length=20, choices=SessionStatus, default=SessionStatus.SIGNING_IN)
    status_code = models.CharField(max_length=64, blank=True, help_text="The cause, as Telegram or we name it.")
    status_since = models.DateTimeField(default=timezone.now)
    retry_at = models.DateTimeField(null=True, blank=True, help_text="When the next connection is tried.")

    last_update_at = models.DateTimeField(null=True, blank=True, help_text="The last update from Telegram.")
    authorization_ttl_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="After so many days without use Telegram ends an authorization of the account."
    )
    devices_at = models.DateTimeField(null=True, blank=True, help_text="When its devices were last listed.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )

    class Meta:
        db_table = "telegram_sessions"
        verbose_name = "account"
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("network", "telegram_user_id"), name="session_account_once"),)
        permissions = (
            ("add_account", "Can sign Telegram accounts in"),
            ("reveal_phone", "Can reveal a phone number"),
            ("export_session", "Can export an account's session: whoever has it is the account"),
        )

    def __str__(self) -> str:
        return self.name


class TimelineKind(models.TextChoices):
    """What a line of the timeline tells, beside changes of the status (``status.`` and the status)."""

    SIGN_IN_STARTED = "sign_in_started", "Sign-in started"
    SIGN_IN_FAILED = "sign_in_failed", "Sign-in step refused"
    SIGN_IN_CANCELLED = "sign_in_cancelled", "Sign-in ended"
    SIGNED_IN = "signed_in", "Signed in"
    RENAMED = "renamed", "Renamed"
    ENABLED = "enabled", "Enabled"
    DISABLED = "disabled", "Disabled"
    LOGGED_OUT = "logged_out", "Logged out"
    PHONE_REVEALED = "phone_revealed", "Phone number revealed"
    EXPORTED = "exported", "Session exported"
    DEVICE_NEW = "device_new", "An unknown device signed in"
    DEVICE_GONE = "device_gone", "A device is no longer signed in"
    DEVICE_KNOWN = "device_known", "A device was marked as known"
    DEVICE_ENDED = "device_ended", "A device was ended"
    DEVICES_ENDED = "devices_ended", "All other devices were ended"
    DEVICES_TTL = "devices_ttl", "Unused authorizations end after"
    DEVICES_REFUSED = "devices_refused", "Telegram did not change the devices"
    GRANTED = "granted", "Right given"
    REVOKED = "revoked", "Right taken away"
    MOVED = "moved", "Moved by Telegram to another data centre"
    PROXY_SET = "proxy_set", "Uses another proxy"
    PROXY_REMOVED = "proxy_removed", "No longer uses a proxy"
    COMMAND_REFUSED = "command_refused", "Not done: the right for it is gone"
    SIGN_IN_REFUSED = "sign_in_refused", "Signed in by somebody who does not manage it; logged out again at once"
    ACCESS_DECLINED = "access_declined", "No role given"
    WATCHDOG = "watchdog", "Stalled; restarted"
    CLOCK_JUMPED = "clock_jumped", "The server's clock was changed; reconnected"
    CRASHED = "crashed", "Failed; restarted"
    NOT_STORED = "not_stored", "An update could not be stored; set aside"
    DEMO_REMOVAL = "demo_removal", "The demo is being removed"


class SessionEvent(models.Model):
    """One line of a session's timeline: a state change with its cause, a sign-in, a take-over."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="timeline")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=32)
    code = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        db_table = "telegram_session_events"
        verbose_name, verbose_name_plural = "timeline entry", "timeline"
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("session", "-at"), name="session_timeline"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.code}".strip()
