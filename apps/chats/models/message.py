"""Messages, ours and theirs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.chats.models.chat import Chat
from apps.common.fields import EncryptedJSONField


class StoredJSON(models.JSONField):
    """A JSON column whose rows can all be read: what Python's reader refuses (it nests too deep, or has a number of
    thousands of digits) is read as None. To migrations it is an ordinary one."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        try:
            return super().from_db_value(value, expression, connection)
        except (ValueError, RecursionError):
            return None

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


class Message(models.Model):
    """A message of a chat. ``box`` (0: the account's own, else the channel's marked id) with ``telegram_id`` is its
    identity at Telegram; one of ours has ``random_id`` from its first moment and gets ``telegram_id`` when Telegram has
    it. A message deleted at Telegram keeps its row without its text.

    ``managers_only``: Telegram's own account wrote it, wherever it stands now (tgadmin.core.official). Its text has no
    code in it: the original is a MessageSecret."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="messages", db_index=False)
    session_id = models.BigIntegerField(editable=False, help_text="The chat's session; unique ids are per account.")
    box = models.BigIntegerField(default=0, editable=False)
    telegram_id = models.BigIntegerField(null=True, blank=True)
    random_id = models.BigIntegerField(null=True, blank=True, editable=False)
    cid = models.UUIDField(null=True, blank=True, unique=True, editable=False, help_text="The page's own name for it.")
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="Who lacked which right, of REFUSED_RIGHT."
    )
    waits_until = models.DateTimeField(null=True, blank=True, help_text="Flood wait or slow mode: goes out then.")

    out = models.BooleanField(default=False)
    sender_id = models.BigIntegerField(null=True, blank=True, help_text="Marked id of who wrote it.")
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    date = models.DateTimeField(default=timezone.now)
    text = models.TextField(blank=True)
    entities = StoredJSON(default=list, blank=True)
    reply_to_id = models.BigIntegerField(null=True, blank=True)
    edit_date = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Deleted everywhere then (its timer).")
    service = StoredJSON(null=True, blank=True)
    media = StoredJSON(null=True, blank=True)
    forward = StoredJSON(null=True, blank=True)
    details = StoredJSON(null=True, blank=True, help_text="A quote, its topic, buttons, album …")
    post_author = models.CharField(max_length=255, blank=True)
    managers_only = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        db_table = "telegram_messages"
        ordering = ("chat", "telegram_id")
        constraints = (
            models.UniqueConstraint(fields=("session_id", "box", "telegram_id"), name="message_once"),
            # Partial: only few messages are ours, and an index of all would offer itself for every look-up.
            models.UniqueConstraint(
                fields=("session_id", "random_id"), condition=Q(random_id__isnull=False), name="message_random_id_once"
            ),
        )
        indexes = (
            models.Index(fields=("chat", "-telegram_id"), name="message_history"),
            models.Index(fields=("chat",), condition=Q(telegram_id=None), name="message_pending"),
            models.Index(
                fields=("expires_at",), condition=Q(expires_at__isnull=False, deleted_at=None), name="message_expiry"
            ),
        )

    def __str__(self) -> str:
        return f"message {self.telegram_id or self.cid}"


class MessageSecret(models.Model):
    """What was masked in a message of Telegram's own account: its fields as they were, by name (conceal() of
    tgadmin.core.official). Read by services/reveal.py alone."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="original")
    secret = EncryptedJSONField()

    class Meta:
        db_table = "telegram_message_secrets"

    def __str__(self) -> str:
        return f"original of message {self.pk}"
