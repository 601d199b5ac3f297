"""The frame about a chat's events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from apps.chats.selectors import lists, messages
from apps.chats.selectors.live import Change, EventRow


def events_frame(
    change: Change, after: int, reset: Mapping[str, Any] | None, *, whole: bool
) -> tuple[dict[str, Any], int] | None:
    """The frame for who stands at ``after``, and the number at which he stands then: messages as they are now, ids of
    those that are gone, notices of what Telegram refused. When what comes next is kept no more, or the chat was reset
    since, it is the newest page; None when that was not read (the chat is gone, or the next look reads it). ``whole``:
    with the messages that are for managers only; for others they are not there."""
    events = [event for event in change.events if event.number > after]
    if change.kept_from > after + 1 or any(event.kind == "reset" for event in events):
        return None if reset is None else ({"type": "reset", **reset}, reset["page"]["at"])
    if not whole:
        hidden = {message_id for message_id, message in change.found.items() if message.managers_only}
        events = [event for event in events if event.message_id not in hidden]
    ids = list(dict.fromkeys(event.message_id for event in events if event.message_id is not None))
    frame = {
        "type": "events",
        "chat": change.row.id,
        "after": after,
        "to": change.last,
        "messages": [
            messages.payload(change.found[message_id], whole=whole) for message_id in ids if message_id in change.found
        ],
        "removed": [message_id for message_id in ids if message_id not in change.found],
        "notices": [notice for event in events if (notice := _notice(event)) is not None],
        "row": lists.payload(change.row, timezone.now()),
    }
    return frame, change.last


def _notice(event: EventRow) -> dict[str, Any] | None:
    data = json.loads(event.data) if event.data else {}
    if "action" not in data:
        return None
    error = messages.error(str(data.get("code", "")))
    return {"message": event.message_id, "action": data["action"], "error": error}
