"""Frames that grow: whatever is in them, each is within the bound, and together they say everything, once, in order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.chats.live.hub.frames import AT_ONCE, NumberedText, chats_frames, events_frames, list_frames, reset_frames
from apps.chats.selectors import lists, messages
from apps.chats.selectors.live import Change, EventRow
from tests.kit.frame_types import faults
from tgadmin.core.frames import BOUND, parts, size

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 27, tzinfo=UTC)
CHARS = st.sampled_from(["a", "ж", "😀", '"', "\n", "\\"])


@dataclass(frozen=True)
class Said:
    """A message's text: one character so many times."""

    char: str
    count: int

    @property
    def text(self) -> str:
        return self.char * self.count


SAID = st.builds(Said, CHARS, st.integers(0, 4096))
HUGE = st.builds(Said, CHARS, st.integers(20_000, 32_768))
MANY = st.lists(SAID, max_size=100) | st.lists(SAID | HUGE, max_size=8)


def row(chat_id: int = 1, title: str = "Chat", preview: str = "", at: int = 0) -> lists.Row:
    empty = dict.fromkeys(lists.Row._fields)
    facts = {"id": chat_id, "session_id": 7, "peer_id": 100, "kind": "user", "title": title, "can_send": True}
    last = {"last_message_at": NOW, "last_message_text": preview, "last_message_sender": title, "last_event": at}
    facts |= {"username": "", "left": False, "pinned": False, "online": False, "last_message_out": False}
    facts |= {"unread_mark": False, "unread_count": 0, "read_inbox_max_id": 0, "read_outbox_max_id": 0}
    return lists.Row(**{**empty, **facts, **last, "waiting": [0, 0], "updated_at": NOW})


def shown(number: int, text: str) -> messages.Shown:
    empty = dict.fromkeys(messages.Shown._fields)
    facts = {"id": number, "chat_id": 1, "telegram_id": number, "state": "received", "out": False, "sender_id": 2}
    texts = {"sender_name": "Anna", "date": NOW, "text": text, "post_author": "", "error_code": ""}
    texts |= {"error_message": "", "managers_only": False, "has_secret": False}
    return messages.Shown(**{**empty, **facts, **texts})


def change(said: list[Said], first: int) -> Change:
    """An event for each, then one more about the first message, one of a message that is gone, and one of none."""
    found = {number: shown(number, one.text) for number, one in enumerate(said, 1)}
    about = [*found, *([1] if found else []), 10_000, None]
    events = [EventRow(first + at, "message", message_id, None) for at, message_id in enumerate(about)]
    return Change(row(preview="😀" * 160, title="ж" * 255, at=events[-1].number), events, found)


def told(made: Change, after: int) -> list[NumberedText]:
    """All of it, look after look, as the hub asks for it."""
    frames: list[NumberedText] = []
    while after < made.last:
        some = events_frames(made, after, None)
        assert sum(size(frame.text) for frame in some[:-1]) <= AT_ONCE + BOUND
        frames += some
        after = some[-1].to
    return frames


def whole(texts: list[str]) -> list[dict[str, Any]]:
    """As a page reads them."""
    sent = [part for text in texts for part in parts(text)]
    assert all(len(part.encode()) <= BOUND for part in sent)
    frames = [json.loads(text) for text in texts]
    assert [fault for frame in frames for fault in faults(frame)] == []
    return frames


@given(MANY, st.integers(1, 10**9))
def test_events(said: list[Said], first: int) -> None:
    made = change(said, first)
    tellings = told(made, first - 1)
    frames = whole([one.text for one in tellings])
    assert [one.to for one in tellings] == [frame["to"] for frame in frames]
    after, texts = first - 1, {}
    for one, frame in zip(tellings, frames, strict=True):
        assert frame["after"] == after < frame["to"]
        after = frame["to"]
        ids = [message["id"] for message in frame["messages"]]
        assert len(ids) == len(set(ids))
        texts |= {message["id"]: message["text"] for message in frame["messages"]}
        assert frame["row"]["id"] == 1
        assert size(one.text) <= BOUND or len(frame["messages"]) == 1
    assert after == made.last
    assert texts == {number: one.text for number, one in enumerate(said, 1)}
    assert [message_id for frame in frames for message_id in frame["removed"]] == [10_000]


@given(
    st.lists(SAID, max_size=100) | st.lists(SAID | HUGE, max_size=8), st.sampled_from(["stored", "telegram", "start"])
)
def test_the_newest_page(said: list[Said], older: str) -> None:
    given_messages = [messages.payload(shown(number, one.text)) for number, one in enumerate(said, 1)]
    page = {
        "chat": 1,
        "at": 5,
        "epoch": "e",
        "messages": given_messages,
        "older": older,
        "ask_before": 3,
        "newer": False,
    }
    frames = whole(reset_frames({"page": page, "row": lists.payload(row(), NOW)}))
    first, rest = frames[0], frames[1:]
    assert (first["type"], {frame["type"] for frame in rest} - {"page"}) == ("reset", set())
    assert {**first["page"], "messages": [], "older": older} == {**page, "messages": []}
    pieces = [first["page"], *rest]
    assert [piece["older"] for piece in pieces] == ["stored"] * (len(pieces) - 1) + [older]
    assert [message for piece in reversed(pieces) for message in piece["messages"]] == given_messages


ROWS = st.lists(st.tuples(CHARS, st.integers(0, 255), st.integers(0, 160)), max_size=100)


@given(ROWS)
def test_the_list(given_rows: list[tuple[str, int, int]]) -> None:
    rows = [
        lists.payload(row(number, char * title or "x", char * preview), NOW)
        for number, (char, title, preview) in enumerate(given_rows, 1)
    ]
    first, *rest = whole(list_frames(7, {"chats": rows, "more": "later"}, {7: 4}))
    assert (first["type"], first["session"], first["more"], first["unread"]) == ("list", 7, "later", 4)
    assert {frame["type"] for frame in rest} <= {"chats"}
    assert [one for frame in (first, *rest) for one in frame["chats"]] == rows
    changed = whole(chats_frames(7, rows, 4))
    assert [one for frame in changed for one in frame["chats"]] == rows
    assert all((frame["type"], frame["session"], frame["unread"]) == ("chats", 7, 4) for frame in changed)
