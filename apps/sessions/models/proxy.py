"""The proxy that an account goes through to Telegram; its secrets lie encrypted in a table of their own."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.common.fields import EncryptedJSONField
from apps.sessions.models.session import Session


class SessionProxy(models.Model):
    """One account's proxy: from the sign-in on, every connection goes through it and none around it.

    ``checked_at`` is when it was last tried, None before the first use; ``error_code`` what that try said ("": it
    works), the milliseconds how long the connection took, and Telegram's answer over it.
    """

    class Kind(models.TextChoices):
        SOCKS5 = "socks5", "SOCKS5"
        MTPROXY = "mtproxy", "MTProxy"

    session = models.OneToOneField(Session, primary_key=True, on_delete=models.CASCADE, related_name="proxy")
    kind = models.CharField(max_length=8, choices=Kind)
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    set_at = models.DateTimeField(default=timezone.now)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    checked_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    connect_ms = models.PositiveIntegerField(null=True, blank=True)
    answer_ms = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        db_table = "telegram_proxies"

    def __str__(self) -> str:
        return f"{self.get_kind_display()} proxy"


class SessionProxySecret(models.Model):
    """``secret``: {"username", "password", "secret"} as core.proxies.Proxy has them."""

    proxy = models.OneToOneField(SessionProxy, primary_key=True, on_delete=models.CASCADE, related_name="secret_row")
    secret = EncryptedJSONField()

    class Meta:
        db_table = "telegram_proxy_secrets"

    def __str__(self) -> str:
        return "secret"
