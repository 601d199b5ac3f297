"""The frames that grow with what is in them, split by bytes: every piece says something whole, and is applied as it
comes. (What cannot be split, one huge message, goes in ``part`` frames: core.frames.)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from django.utils import timezone

from apps.chats.live.frames.outgoing import ChatsFrame, EventsFrame, ListFrame, PageFrame, ResetFrame, answering
from apps.chats.payloads import ChatListPage, ChatRow, HistoryPage, Newest, Notice
from apps.chats.selectors import lists, messages, shapes
from apps.chats.selectors.live import Change, EventRow
from tgadmin.core.frames import BOUND, encoded, framed, packed, size

AT_ONCE = 256 * 1024
"""Bytes of events that are made for a chat's viewers in one look; the next look makes what follows."""
EVENT = 32
"""Bytes that an event takes beside its message and its notice: an id, commas."""


@dataclass(frozen=True, slots=True)
class NumberedText:
    """A frame, and the number of the last event that who got it knows."""

    text: str
    to: int


def events_frames(change: Change, after: int, reset: Newest | None) -> list[NumberedText]:
    """The frames for who stands at ``after``: messages as they are now, ids of those that are gone, notices of what
    Telegram refused. When what comes next is no longer kept, or the chat was reset since, they are the newest page;
    none when that was not read (the chat is gone, or the next look reads it)."""
    if change.is_torn(after):
        if reset is None:
            return []
        at = reset["page"]["at"]
        texts = reset_frames(reset)
        return [*(NumberedText(text, after) for text in texts[:-1]), NumberedText(texts[-1], at)]
    return list(_events(change, after, [event for event in change.events if event.number > after]))


def _events(change: Change, after: int, events: Sequence[EventRow]) -> Iterator[NumberedText]:
    """As many frames as AT_ONCE allows, one at least; each takes as many events as fit, one at least."""
    row = _Row.of(change)
    room = BOUND - size(row.text) - 256
    texts: dict[int, str] = {}
    some: list[EventRow] = []
    seen: set[int | None] = set()
    taken = made = 0
    for event in events:
        cost = _cost(change, event, texts, seen)
        if some and taken + cost > room:
            yield _numbered(after, some, texts, row)
            made += taken
            if made > AT_ONCE:
                return
            after, some, seen, taken = some[-1].number, [], set(), 0
            cost = _cost(change, event, texts, seen)
        some.append(event)
        seen.add(event.message_id)
        taken += cost
    yield _numbered(after, some, texts, row)


@dataclass(frozen=True, slots=True)
class _Row:
    """The chat's row, and its JSON text, which all frames of a look have."""

    shown: ChatRow
    text: str

    @classmethod
    def of(cls, change: Change) -> _Row:
        shown = lists.payload(change.row, timezone.now())
        return cls(shown, encoded(shown))


def _cost(change: Change, event: EventRow, texts: dict[int, str], seen: set[int | None]) -> int:
    """Bytes that the event adds to a frame which has the messages ``seen``; its message's text is then in ``texts``."""
    notice = _notice(event)
    cost = EVENT if notice is None else EVENT + size(encoded(notice))
    number = event.message_id
    if number is None or number in seen or number not in change.found:
        return cost
    if number not in texts:
        texts[number] = encoded(messages.payload(change.found[number]))
    return cost + size(texts[number])


def _numbered(after: int, events: Sequence[EventRow], texts: Mapping[int, str], row: _Row) -> NumberedText:
    to = events[-1].number
    ids = dict.fromkeys(event.message_id for event in events if event.message_id is not None)
    frame = EventsFrame(
        type="events",
        chat=row.shown["id"],
        after=after,
        to=to,
        messages=[],
        removed=[message_id for message_id in ids if message_id not in texts],
        notices=[notice for event in events if (notice := _notice(event)) is not None],
        row=row.shown,
    )
    found = (texts[message_id] for message_id in ids if message_id in texts)
    return NumberedText(framed(frame, messages=_array(found), row=row.text), to)


def _notice(event: EventRow) -> Notice | None:
    data = shapes.facts(event.data)
    if "action" not in data:
        return None
    error = messages.error(str(data.get("code", "")), str(data.get("message", "")))
    return Notice(message=event.message_id, action=data["action"], error=error)


def reset_frames(reset: Newest, ref: str | None = None) -> list[str]:
    """``reset`` with the newest messages of the page that fit, then ``page`` frames with those above them, upwards.
    Each says honestly what lies above it, so a page that gets only some of them asks for the rest. ``ref``: of the
    request that ``reset`` answers."""
    page, row = reset["page"], reset["row"]
    bare: HistoryPage = {**page, "messages": []}
    frame = answering(ResetFrame(type="reset", page=bare, row=row), ref)
    upwards = (encoded(message) for message in reversed(page["messages"]))
    groups = [group[::-1] for group in packed(upwards, BOUND - size(encoded(frame)) - 64)] or [[]]
    texts = []
    for number, group in enumerate(groups, 1):
        older = page["older"] if number == len(groups) else "stored"
        if number == 1:
            shown = framed({**bare, "older": older}, messages=_array(group))
            texts.append(framed(frame, page=shown))
        else:
            above = PageFrame(type="page", chat=page["chat"], older=older, ask_before=page["ask_before"], messages=[])
            texts.append(framed(above, messages=_array(group)))
    return texts


def _array(texts: Iterable[str]) -> str:
    """These JSON texts as one JSON array."""
    return f"[{','.join(texts)}]"


def list_frames(
    session_id: int | None, page: ChatListPage, unread: Mapping[int, int], ref: str | None = None
) -> list[str]:
    """``list`` with the rows that fit, then ``chats`` with the others. ``unread``: of each account of the list;
    ``ref``: of the request that it answers."""
    total = sum(unread.values())
    bare = ListFrame(type="list", session=session_id, unread=total, more=page["more"], chats=[])
    frame = answering(bare, ref)
    texts = [(row["session"], encoded(row)) for row in page["chats"]]
    first = next(packed((text for _, text in texts), BOUND - 256 - size(encoded(frame))), [])
    rest: dict[int, list[str]] = {}
    for of_session, text in texts[len(first) :]:
        rest.setdefault(of_session, []).append(text)
    later = (_chats(pk, unread.get(pk, 0), packed(some, BOUND - 256)) for pk, some in rest.items())
    return [framed(frame, chats=_array(first)), *chain.from_iterable(later)]


def chats_frames(session_id: int, rows: Iterable[ChatRow], unread: int) -> list[str]:
    """Rows of the list that changed."""
    return _chats(session_id, unread, packed((encoded(row) for row in rows), BOUND - 256))


def _chats(session_id: int, unread: int, groups: Iterable[Sequence[str]]) -> list[str]:
    frame = ChatsFrame(type="chats", session=session_id, chats=[], unread=unread)
    return [framed(frame, chats=_array(group)) for group in groups]
