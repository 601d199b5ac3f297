"""Unread counts that neither what is stored nor updates can tell: Telegram is asked for the dialogs again.

Messages that were deleted unseen, a read mark far below what is stored, a page and updates that overtook each other:
`record` marks the chat, and until the answer the count is the best guess. Official clients repair theirs the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.chats.models import Chat
from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command
from apps.commands.services import commands

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before Telegram is asked: counts that become stale in a row are asked for once, chats in which more happens
than a request takes are asked about less and less often."""
AT_ONCE = 100
"""Dialogs in one request: as many as one page of them holds."""


@transaction.atomic
def ask(session_id: int, tries: int = 0) -> bool:
    """Have Telegram asked soon, unless no count is stale or that is under way; whether it was ordered.

    ``tries``: how often it was asked in a row with a count still stale afterwards.
    """
    if not stale_chats(session_id):
        return False
    waiting = Command.objects.filter(session_id=session_id, kind=CommandKind.UNREAD, state=Command.State.QUEUED)
    if waiting.exists():
        return False
    pause = timedelta(seconds=min(LONGEST_PAUSE, FIRST_PAUSE * 2**tries))
    payload = {"tries": tries}
    later = timezone.now() + pause
    commands.enqueue(session_id, CommandKind.UNREAD, payload, user=commands.SYSTEM, not_before=later)
    return True


def ask_again(session_id: int, payload: Mapping[str, Any]) -> None:
    """Counts that the command with this payload has left stale are asked for once more, later."""
    ask(session_id, int(payload["tries"]) + 1)


def stale_chats(session_id: int) -> list[int]:
    """The chats with a stale unread count (peer ids), those used last first, as many as one request takes."""
    chats = Chat.objects.filter(session_id=session_id, unread_stale=True, left=False)
    return list(chats.order_by("-last_message_at").values_list("peer_id", flat=True)[:AT_ONCE])


def leave(session_id: int, peer_ids: Collection[int]) -> None:
    """Telegram does not tell of these chats: their counts stay as they are."""
    Chat.objects.filter(session_id=session_id, peer_id__in=peer_ids).update(unread_stale=False)
