"""Peers (everybody an account has seen) and chats (its dialogs)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.db import models
from django.db.models.functions import Least, Now
from django.utils import timezone

from apps.sessions.models import Session
from tgadmin.core.types import may_write

KINDS = (
    ("user", "Private chat"),
    ("bot", "Bot"),
    ("group", "Group"),
    ("supergroup", "Supergroup"),
    ("channel", "Channel"),
)


class Rights(Protocol):
    """What tells whether the account may write in a chat."""

    @property
    def kind(self) -> str: ...
    @property
    def left(self) -> bool: ...
    @property
    def can_send(self) -> bool: ...
    @property
    def is_admin(self) -> bool: ...
    @property
    def members_may_write(self) -> bool: ...
    @property
    def restricted_until(self) -> datetime | None: ...


def writable(chat: Rights, now: datetime) -> bool:
    """Whether the account may write in the chat; a restriction whose time is over has ended already."""
    if chat.left:
        return False
    if chat.restricted_until is None or chat.restricted_until > now or chat.kind not in ("group", "supergroup"):
        return chat.can_send
    return may_write(
        is_admin=chat.is_admin,
        members_may_write=chat.members_may_write,
        restricted_until=chat.restricted_until,
        now=now,
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
    online_until = models.DateTimeField(null=True, blank=True, help_text="Then they count as gone.")
    last_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "telegram_peers"
        constraints = (models.UniqueConstraint(fields=("session", "peer_id"), name="peer_once"),)
        indexes = (
            models.Index(fields=("session",), condition=models.Q(is_online=True), name="peer_online"),
            models.Index(fields=("online_until",), condition=models.Q(is_online=True), name="peer_online_until"),
        )

    def __str__(self) -> str:
        return self.name or str(self.peer_id)

    def is_online_at(self, now: datetime) -> bool:
        return self.is_online and (self.online_until is None or self.online_until > now)


class Chat(models.Model):
    """A dialog of one account.

    ``synced_from_id``: every message of the chat from that id up is stored (None: nothing known); below it Telegram is
    asked. ``history_complete``: nothing older exists. ``last_event`` numbers the chat's events without gaps.
    ``unread_stale``: the count can be told neither from what is stored nor from updates; Telegram is to be asked.
    ``can_send`` follows from ``is_admin``, ``members_may_write`` and ``restricted_until`` in groups. What ends by
    itself (``restricted_until``, ``muted_until``, ``slow_until``) is NULL while it does not hold: services.timers sees
    to it.
    ``migrated_to``: the supergroup that this group has become, where the conversation goes on.
    """

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="chats")
    peer_id = models.BigIntegerField(help_text="Telegram's marked id.")
    kind = models.CharField(max_length=10, choices=KINDS)
    title = models.CharField(max_length=255, blank=True)
    username = models.CharField(max_length=64, blank=True)
    members_count = models.IntegerField(null=True, blank=True)
    can_send = models.BooleanField(default=True)
    left = models.BooleanField(default=False)
    is_admin = models.BooleanField(default=False, db_default=False)
    members_may_write = models.BooleanField(default=True, db_default=True)
    restricted_until = models.DateTimeField(null=True, blank=True)
    migrated_to = models.BigIntegerField(null=True, blank=True, help_text="Marked id of what the group has become.")
    ttl_period = models.PositiveIntegerField(
        null=True, blank=True, help_text="Seconds after which new messages are deleted everywhere."
    )

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
            models.Index(
                fields=("session", "migrated_to"), name="chat_migrated", condition=models.Q(migrated_to__isnull=False)
            ),
            # What ends by itself, by when it does (services.timers).
            models.Index(
                Least("restricted_until", "muted_until", "slow_until"),
                name="chat_ends_at",
                condition=models.Q(restricted_until__isnull=False)
                | models.Q(muted_until__isnull=False)
                | models.Q(slow_until__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.title or str(self.peer_id)

    def may_write(self, now: datetime) -> bool:
        """Whether the account may write here; Telegram's own chats apart."""
        return writable(self, now)
