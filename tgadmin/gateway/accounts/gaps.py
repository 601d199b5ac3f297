"""Gaps: updates that Telegram no longer gives are made good by fetching the chats again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.chats.models import Chat, Gap, Message
from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command
from apps.commands.services import commands
from tgadmin.core.types import ACCOUNT_BOX, CHANNEL_MARK, GapKind

FETCHED_AT_ONCE = 50
PAGE = 100
COUNTED = timedelta(minutes=10)
"""So long after it was found, what a fetch brings counts as recovered of a gap."""
FOUND, FETCHED = GapKind.TOO_LONG.value, "fetched"
"""What a gap's row says of how it is made good: nothing queued yet, or queued."""


@transaction.atomic
def recover(session_id: int) -> int:
    """Queue what closes the session's open gaps; returns how many chats are fetched. Each gap once.

    The chat list says what is newest where; of the chats used last, the newest messages are fetched at once, of the
    others when somebody opens them.
    """
    gaps = list(Gap.objects.select_for_update().filter(session_id=session_id, how=FOUND).order_by("id"))
    if not gaps:
        return 0
    waiting = Command.objects.filter(
        session_id=session_id, kind=CommandKind.DIALOGS, state=Command.State.QUEUED, origin=Command.Origin.SYSTEM
    )
    if not waiting.exists():
        commands.enqueue(session_id, CommandKind.DIALOGS, {}, user=commands.SYSTEM)
    peers = [peer_id for box in {gap.box for gap in gaps} for peer_id in _chats(session_id, box)]
    for peer_id in peers:
        payload = {"peer_id": peer_id, "before_id": 0, "limit": PAGE}
        commands.enqueue(session_id, CommandKind.HISTORY, payload, about=peer_id, user=commands.SYSTEM)
    Gap.objects.filter(pk__in=[gap.pk for gap in gaps]).update(how=FETCHED)
    return len(peers)


def _chats(session_id: int, box: int) -> list[int]:
    chats = Chat.objects.filter(session_id=session_id, left=False, messages__isnull=False)
    chats = chats.filter(peer_id__gt=CHANNEL_MARK) if box == ACCOUNT_BOX else chats.filter(peer_id=box)
    return list(chats.order_by("-last_message_at").distinct().values_list("peer_id", flat=True)[:FETCHED_AT_ONCE])


def now() -> datetime:
    """The database's clock: gaps bear its times."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def close(session_id: int, began: datetime) -> None:
    """The chat list has been read again since ``began``: what was unknown before is known."""
    Gap.objects.filter(session_id=session_id, how=FETCHED, closed_at=None, at__lt=began).update(
        closed_at=timezone.now()
    )
    count(session_id)


@transaction.atomic
def count(session_id: int) -> None:
    """How many messages of before a gap's end are here that were not when it was found: what was recovered. Pages of
    history go on coming after the chat list."""
    late = timezone.now() - COUNTED
    for gap in Gap.objects.select_for_update().filter(session_id=session_id, how=FETCHED, at__gt=late).order_by("pk"):
        here = Message.objects.filter(session_id=session_id, box=gap.box, pk__gte=gap.after_row, date__lte=gap.at)
        gap.recovered = here.count()
        gap.save(update_fields=("recovered",))
