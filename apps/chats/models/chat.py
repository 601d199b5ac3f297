"""Peers (everybody an account has seen) and chats (its dialogs)."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from apps.sessions.models import Session

KINDS = (
    ("user", "Private chat"),
    ("bot", "Bot"),
    ("group", "Group"),
    ("supergroup", "Supergroup"),
    ("channel", "Channel"),
)


class Peer(models.Model):
    """A user, group or channel as one account sees it: the access hash is good for that account only."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="peers")
    peer_id = models.BigIntegerField(help_text="Telegram's marked id.")
    kind = models.CharField(max_length=10, choices=KINDS)
    name = models.CharField(max_length=255, blank=True)
    username = models.CharField(max_length=64, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    access_hash = models.BigIntegerField(null=True, blank=True)
    is_self = models.BooleanField(default=False)
    is_contact = models.BooleanField(default=False)
    is_deleted = models.BooleanField(default=False)
    is_online = models.BooleanField(default=False)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "telegram_peers"
        constraints = (models.UniqueConstraint(fields=("session", "peer_id"), name="peer_once"),)
        indexes = (models.Index(fields=("session",), condition=models.Q(is_online=True), name="peer_online"),)

    def __str__(self) -> str:
        return self.name or str(self.peer_id)


class Chat(models.Model):
    """A dialog of one account.

    ``synced_from_id``: every message of the chat from that id up is stored (None: nothing known); below it Telegram is
    asked. ``history_complete``: nothing older exists. ``last_event`` numbers the chat's events without gaps.
    ``unread_stale``: the count can be told neither from what is stored nor from updates; Telegram is to be asked.
    """

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="chats")
    peer_id = models.BigIntegerField(help_text="Telegram's marked id.")
    kind = models.CharField(max_length=10, choices=KINDS)
    title = models.CharField(max_length=255, blank=True)
    username = models.CharField(max_length=64, blank=True)
    members_count = models.IntegerField(null=True, blank=True)
    can_send = models.BooleanField(default=True)
    left = models.BooleanField(default=False)

    last_message_at = models.DateTimeField(default=timezone.now, db_default=Now(), db_index=True)
    last_message_id = models.BigIntegerField(null=True, blank=True, help_text="Its Telegram id; None for none stored.")
    last_message_text = models.CharField(max_length=160, blank=True)
    last_message_sender = models.CharField(max_length=255, blank=True)
    last_message_out = models.BooleanField(default=False)
    unread_count = models.PositiveIntegerField(default=0)
    unread_mark = models.BooleanField(default=False, db_default=False, help_text="Marked as unread by hand.")
    unread_stale = models.BooleanField(default=False, db_default=False)
    read_inbox_max_id = models.BigIntegerField(default=0)
    read_outbox_max_id = models.BigIntegerField(default=0)
    muted_until = models.DateTimeField(null=True, blank=True)
    pinned = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    slow_until = models.DateTimeField(null=True, blank=True)

    synced_from_id = models.BigIntegerField(null=True, blank=True)
    history_complete = models.BooleanField(default=False)
    last_event = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        db_table = "telegram_chats"
        ordering = ("-last_message_at", "-id")
        constraints = (models.UniqueConstraint(fields=("session", "peer_id"), name="chat_once"),)
        indexes = (
            models.Index(fields=("session", "-last_message_at", "-id"), name="chat_list"),
            models.Index(fields=("session", "updated_at"), name="chat_changed"),
            models.Index(
                fields=("session", "last_message_at", "id"),
                include=("unread_count", "muted_until", "peer_id", "unread_mark"),
                name="chat_unread",
                condition=models.Q(unread_count__gt=0) | models.Q(unread_mark=True),
            ),
            models.Index(fields=("session",), name="chat_unread_stale", condition=models.Q(unread_stale=True)),
        )

    def __str__(self) -> str:
        return self.title or str(self.peer_id)
