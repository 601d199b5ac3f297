"""Rows of the list of an account's dialogs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core.bounds import fit
from tgadmin.core.types import NOT_MUTED, Dialog
from tgadmin.telegram.convert.peers import marked, marked_or_none

NEVER = NOT_MUTED
"""Until when a chat is muted of which Telegram says 0."""
ARCHIVE = 1  # https://core.telegram.org/api/folders#peer-folders


def dialog(found: Any) -> Dialog | None:
    """A row of the dialog list; None for the archive's own row. Raises Unfit."""
    if not isinstance(found, T.Dialog):
        return None
    row = Dialog(
        peer_id=marked(found.peer),
        top_message_id=found.top_message,
        unread_count=found.unread_count,
        read_inbox_max_id=found.read_inbox_max_id,
        read_outbox_max_id=found.read_outbox_max_id,
        pinned=bool(found.pinned),
        archived=found.folder_id == ARCHIVE,
        muted_until=None if (muted := muted_until(found.notify_settings)) == NEVER else muted,
        pts=found.pts,
        unread_mark=bool(found.unread_mark),
        ttl_period=found.ttl_period,
    )
    return fit(row)


def muted_until(settings: Any) -> datetime:
    """Until when a chat is muted; NEVER if it is not."""
    until = settings.mute_until
    if isinstance(until, datetime):
        return until
    return datetime.fromtimestamp(min(max(until, 0), 2**32 - 1), UTC) if until else NEVER


def top_messages(answer: Any) -> dict[tuple[int | None, int], Any]:
    """A page's messages, by their peer's marked id and their own id."""
    return {(marked_or_none(each.peer_id), each.id): each for each in answer.messages if getattr(each, "peer_id", None)}


def channel_pts(answer: Any) -> dict[int, int]:
    """The pts of a page's channels, by bare id."""
    rows = [each for each in answer.dialogs if isinstance(each, T.Dialog) and each.pts]
    return {each.peer.channel_id: each.pts for each in rows if isinstance(each.peer, T.PeerChannel)}
