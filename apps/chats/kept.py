"""What is kept of this app's tables; and which commands its messages still wait for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce

from apps.chats.models import Gap, Message, UnreadableUpdate
from apps.chats.services import pruning
from apps.commands.command_kinds import CommandKind
from apps.common.retention import Bounded, Decision, Forever, Pruned, declare, spare
from apps.sessions.services.newest import beyond_newest


@dataclass(frozen=True, slots=True)
class PrunedEvents(Decision):
    """By number and by age, with statements of its own (apps/chats/services/pruning.py)."""

    @property
    def kept(self) -> str:
        newest = f"the newest {settings.EVENTS_KEPT_PER_CHAT} of each chat (`EVENTS_KEPT_PER_CHAT`)"
        return f"{newest}, and no longer than {settings.EVENTS_KEPT_DAYS} days (`EVENTS_KEPT_DAYS`)"

    def count(self, now: datetime) -> int:
        return pruning.count_events()

    def prune(self, now: datetime, is_late: Callable[[], bool]) -> int:
        return pruning.prune_events()


def _unreadable(before: datetime) -> Iterable[QuerySet[Any]]:
    """Old ones; and of an account that somebody feeds them to all but the newest."""
    yield UnreadableUpdate.objects.filter(at__lt=before).order_by("at")
    yield from beyond_newest(UnreadableUpdate, "at", settings.UNREADABLE_KEPT_PER_ACCOUNT)


def _not_of_waiting_messages(commands: QuerySet[Any]) -> QuerySet[Any]:
    """Without those that send a message which is still on its way."""
    waiting = Message.objects.filter(telegram_id=None, state=Message.State.SENDING)
    message = Coalesce(Cast(KT("payload__message"), BigIntegerField()), 0)
    needed = Q(kind=CommandKind.SEND, of_message__in=waiting.values("pk"))
    rows: QuerySet[Any] = commands.annotate(of_message=message).exclude(needed)
    return rows


spare("telegram_commands", _not_of_waiting_messages)
declare(
    Forever("telegram_peers", "Everybody whom an account has seen."),
    Forever("telegram_chats", "The accounts' chats."),
    Forever("telegram_messages", "The chats' messages. What is deleted at Telegram loses its text here too."),
    Bounded(
        "telegram_message_secrets",
        "Texts of Telegram's own accounts with their codes: at most one row for each message.",
    ),
    PrunedEvents("chat_events", "What changed in a chat, for pages to resume from."),
    Pruned(
        "telegram_gaps",
        "Updates that Telegram had to be asked for, after the gap was closed.",
        lambda before: [Gap.objects.filter(closed_at__lt=before).order_by("closed_at")],
        "GAPS_KEPT_DAYS",
        "open gaps stay",
    ),
    Pruned(
        "telegram_unreadable_updates",
        "Updates that could not be read, with their bytes (64 KB at most).",
        _unreadable,
        "UNREADABLE_KEPT_DAYS",
        "of an account at most the newest `UNREADABLE_KEPT_PER_ACCOUNT`",
    ),
    Bounded("installation", "One row."),
    Bounded("live_places", "One row for each user: the account and chat that they showed last."),
    Bounded("live_processes", "The web processes: deleted a minute after their last heartbeat."),
    Bounded("live_sockets", "Slots of live pages: deleted a minute after they closed."),
)
