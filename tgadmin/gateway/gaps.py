"""Gaps: updates that Telegram no longer gives are made good by fetching the chats anew."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.chats.models import Chat, Gap
from apps.sessions.models import Command
from apps.sessions.services import commands
from apps.sessions.services.commands import Kind
from tgadmin.core.types import ACCOUNT_BOX, CHANNEL_MARK

FETCHED_AT_ONCE = 50
PAGE = 100


@transaction.atomic
def recover(session_id: int) -> int:
    """Queue what closes the session's open gaps; returns how many chats are fetched. Nothing when it is queued already.

    The chat list says what is newest where; of the chats used last, the newest messages are fetched at once, of the
    others when somebody opens them.
    """
    boxes = set(Gap.objects.filter(session_id=session_id, closed_at=None).values_list("box", flat=True))
    queued = Command.objects.filter(session_id=session_id, kind=Kind.DIALOGS, state__in=commands.OPEN)
    if not boxes or queued.exists():
        return 0
    commands.enqueue(session_id, Kind.DIALOGS, commands.ACCOUNT_LANE, {})
    peers = [peer_id for box in boxes for peer_id in _chats(session_id, box)]
    for peer_id in peers:
        payload = {"peer_id": peer_id, "before_id": 0, "limit": PAGE}
        commands.enqueue(session_id, Kind.HISTORY, commands.history_lane(peer_id), payload)
    return len(peers)


def _chats(session_id: int, box: int) -> list[int]:
    chats = Chat.objects.filter(session_id=session_id, left=False, synced_from_id=None, messages__isnull=False)
    chats = chats.filter(peer_id__gt=CHANNEL_MARK) if box == ACCOUNT_BOX else chats.filter(peer_id=box)
    return list(chats.order_by("-last_message_at").distinct().values_list("peer_id", flat=True)[:FETCHED_AT_ONCE])


def close(session_id: int, began: datetime) -> None:
    """The chat list has been read again since ``began``: what was unknown before is known."""
    Gap.objects.filter(session_id=session_id, closed_at=None, at__lt=began).update(closed_at=timezone.now())
