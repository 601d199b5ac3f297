"""The frames that grow with what is in them, split by bytes: every piece says something whole, and is applied as it
comes. (What cannot be split, one huge message, goes in ``part`` frames: core.frames.)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from apps.chats.selectors import lists, messages, shapes
from apps.chats.selectors.live import Change, EventRow
from tgadmin.core.frames import BOUND, encoded, packed, size

AT_ONCE = 256 * 1024
"""Bytes of events that are made for a chat's viewers in one look; the next look makes what follows."""
EVENT = 32
"""Bytes that an event takes beside its message and its notice: an id, commas."""


@dataclass(frozen=True, slots=True)
class Told:
    """A frame, and the number of the last event that who got it knows."""

    text: str
    to: int


def events_frames(change: Change, after: int, reset: Mapping[str, Any] | None) -> list[Told]:
    """The frames for who stands at ``after``: messages as they are now, ids of those that are gone, notices of what
    Telegram refused. When what comes next is kept no more, or the chat was reset since, they are the newest page; none
    when that was not read (the chat is gone, or the next look reads it)."""
    events = [event for event in change.events if event.number > after]
    if change.kept_from > after + 1 or any(event.kind == "reset" for event in events):
        if reset is None:
            return []
        at = reset["page"]["at"]
        texts = reset_frames(reset)
        return [*(Told(text, after) for text in texts[:-1]), Told(texts[-1], at)]
    return list(_events(change, after, events))


def _events(change: Change, after: int, events: Sequence[EventRow]) -> Iterator[Told]:
    """As many frames as AT_ONCE allows, one at least; each takes as many events as fit, one at least."""
    row = encoded(lists.payload(change.row, timezone.now()))
    room = BOUND - size(row) - 256
    texts: dict[int, str] = {}
    some: list[EventRow] = []
    seen: set[int | None] = set()
    taken = made = 0
    for event in events:
        cost = _cost(change, event, texts, seen)
        if some and taken + cost > room:
            yield _told(change, after, some, texts, row)
            made += taken
            if made > AT_ONCE:
                return
            after, some, seen, taken = some[-1].number, [], set(), 0
            cost = _cost(change, event, texts, seen)
        some.append(event)
        seen.add(event.message_id)
        taken += cost
    yield _told(change, after, some, texts, row)


def _cost(change: Change, event: EventRow, texts: dict[int, str], seen: set[int | None]) -> int:
    """Bytes that the event adds to a frame which has the messages ``seen``; its message's text is then in ``texts``."""
    cost = EVENT + size(encoded(_notice(event)))
    number = event.message_id
    if number is None or number in seen or number not in change.found:
        return cost
    if number not in texts:
        texts[number] = encoded(messages.payload(change.found[number]))
    return cost + size(texts[number])


def _told(change: Change, after: int, events: Sequence[EventRow], texts: Mapping[int, str], row: str) -> Told:
    to = events[-1].number
    ids = dict.fromkeys(event.message_id for event in events if event.message_id is not None)
    head = encoded({"type": "events", "chat": change.row.id, "after": after, "to": to})
    found = ",".join(texts[message_id] for message_id in ids if message_id in texts)
    removed = encoded([message_id for message_id in ids if message_id not in texts])
    notices = encoded([notice for event in events if (notice := _notice(event)) is not None])
    text = f'{head[:-1]},"messages":[{found}],"removed":{removed},"notices":{notices},"row":{row}}}'
    return Told(text, to)


def _notice(event: EventRow) -> dict[str, Any] | None:
    data = shapes.facts(event.data)
    if "action" not in data:
        return None
    error = messages.error(str(data.get("code", "")), str(data.get("says", "")))
    return {"message": event.message_id, "action": data["action"], "error": error}


def reset_frames(reset: Mapping[str, Any]) -> list[str]:
    """``reset`` with the newest messages of the page that fit, then ``page`` frames with those above them, upwards.
    Each says honestly what lies above it, so a page that gets only some of them asks for the rest."""
    page, row = reset["page"], reset["row"]
    frame = {"type": "reset", "page": {**page, "messages": []}, "row": row}
    upwards = (encoded(message) for message in reversed(page["messages"]))
    groups = [group[::-1] for group in packed(upwards, BOUND - size(encoded(frame)) - 64)] or [[]]
    above = [page["older"] if number == len(groups) else "stored" for number in range(1, len(groups) + 1)]
    newest = {**page, "older": above[0], "messages": None}
    texts = [_with_messages({"type": "reset", "page": newest, "row": row}, groups[0])]
    for group, older in zip(groups[1:], above[1:], strict=True):
        rest = {"chat": page["chat"], "older": older, "ask_before": page["ask_before"], "messages": None}
        texts.append(_with_messages({"type": "page", **rest}, group))
    return texts


def _with_messages(frame: Mapping[str, Any], texts: Iterable[str]) -> str:
    """The frame with these messages in the place of ``messages``, which is the only null of that name in it."""
    before, _, behind = encoded(frame).partition('"messages":null')
    return f'{before}"messages":[{",".join(texts)}]{behind}'


def list_frames(session_id: int, page: Mapping[str, Any], unread: int) -> list[str]:
    """``list`` with the rows that fit, then ``chats`` with the others."""
    head = {"type": "list", "session": session_id, "unread": unread, "more": page["more"]}
    groups = _rows(page["chats"]) or [[]]
    first = f'{encoded(head)[:-1]},"chats":[{",".join(groups[0])}]}}'
    return [first, *_chats(session_id, unread, groups[1:])]


def chats_frames(session_id: int, rows: Iterable[Mapping[str, Any]], unread: int) -> list[str]:
    """Rows of the list that changed."""
    return _chats(session_id, unread, _rows(rows))


def _rows(rows: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    return list(packed((encoded(row) for row in rows), BOUND - 256))


def _chats(session_id: int, unread: int, groups: Iterable[Sequence[str]]) -> list[str]:
    head = encoded({"type": "chats", "session": session_id})[:-1]
    return [f'{head},"chats":[{",".join(group)}],"unread":{unread}}}' for group in groups]
