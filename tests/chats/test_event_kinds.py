"""Every kind of event is written somewhere, stored as its plain text, and told to pages as it says."""

from __future__ import annotations

import ast
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from apps.chats.event_kinds import EventKind
from apps.chats.live.hub.frames import events_frames
from apps.chats.models import Event
from apps.chats.payloads import HistoryPage, Newest
from apps.chats.selectors import lists
from apps.chats.selectors.live import Change, EventRow
from apps.chats.services.record.arrays import array
from tests.chats.live.test_hub_frames import row, shown
from tests.kit.frame_types import faults, outgoing
from tests.kit.running import ROOT

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 27, tzinfo=UTC)
WRITERS = {"append", "append_many", "add_event"}
REFUSED = json.dumps({"action": "edit", "code": "MESSAGE_EDIT_TIME_EXPIRED"})


def written() -> list[ast.expr]:
    """What is given as the kind wherever an event is written."""
    found = []
    for path in (ROOT / "apps" / "chats" / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITERS:
                of_events = node.func.attr == "add_event" or ast.unparse(node.func.value) == "events"
                at = 0 if node.func.attr == "add_event" else 1
                found += [node.args[at]] if of_events and len(node.args) > at else []
    return found


def test_every_kind_is_written_and_nothing_else_is() -> None:
    names = [ast.unparse(one) for one in written()]
    assert len(names) > 15
    assert set(names) == {f"EventKind.{kind.name}" for kind in EventKind}


@pytest.mark.parametrize("kind", EventKind)
def test_a_kind_is_stored_as_its_text(kind: EventKind) -> None:
    assert array([kind, kind]) == f'{{"{kind.value}","{kind.value}"}}'
    assert EventKind(kind.value) is kind
    assert len(kind) <= Event._meta.get_field("kind").max_length
    assert kind.meaning.endswith(".")
    assert kind.pages_get.endswith(".")


def frames_of(*events: EventRow, found: int | None = None) -> list[dict[str, Any]]:
    """What a page is told that stands before the first of these events; ``found``: the message that is still there."""
    change = Change(row(at=events[-1].number), list(events), {} if found is None else {found: shown(found, "text")})
    page: HistoryPage = {
        "chat": 1, "at": 9, "epoch": "e", "messages": [], "older": "start", "ask_before": 0, "newer": False,
    }  # fmt: skip
    reset = Newest(page=page, row=lists.payload(row(), NOW))
    frames = [json.loads(one.text) for one in events_frames(change, events[0].number - 1, reset)]
    assert [fault for frame in frames for fault in faults(frame)] == []
    return frames


def parts(frame: dict[str, Any]) -> set[str]:
    """The parts of a frame that say something."""
    return {name for name in ("messages", "removed", "notices") if frame.get(name)}


PAGE_GETS: list[tuple[EventKind, EventRow, int | None, set[str]]] = [
    (EventKind.MESSAGE, EventRow(4, "message", 7, None), 7, {"messages"}),
    (EventKind.EDIT, EventRow(4, "edit", 7, None), 7, {"messages"}),
    (EventKind.DELETE, EventRow(4, "delete", 7, None), 7, {"messages"}),
    (EventKind.DELETE, EventRow(4, "delete", 7, None), None, {"removed"}),
    (EventKind.STATE, EventRow(4, "state", 7, None), 7, {"messages"}),
    (EventKind.STATE, EventRow(4, "state", 7, REFUSED), 7, {"messages", "notices"}),
    (EventKind.READ_INBOX, EventRow(4, "read_inbox", None, '{"max_id": 7}'), None, set()),
    (EventKind.READ_OUTBOX, EventRow(4, "read_outbox", None, '{"max_id": 7}'), None, set()),
]


@pytest.mark.parametrize(("kind", "event", "found", "expected"), PAGE_GETS)
def test_what_pages_are_told(kind: EventKind, event: EventRow, found: int | None, expected: set[str]) -> None:
    (frame,) = frames_of(event, found=found)
    assert (frame["type"], frame["row"]["at"], parts(frame)) == ("events", 4, expected)
    named = set(re.findall(r"`(\w+)`", kind.pages_get))
    assert expected <= named <= {"messages", "removed", "notices", "row"}


def test_a_reset_brings_the_newest_page() -> None:
    message, reset = EventRow(4, "message", 7, None), EventRow(5, "reset", None, None)
    (frame,) = frames_of(message, reset, found=7)
    assert (frame["type"], frame["page"]["at"]) == ("reset", 9)
    assert set(re.findall(r"`(\w+)`", EventKind.RESET.pages_get)) == {"reset"} <= outgoing().keys()


def test_every_kind_is_tried() -> None:
    assert {kind for kind, *_ in PAGE_GETS} | {EventKind.RESET} == set(EventKind)
    assert all(event.kind == kind for kind, event, *_ in PAGE_GETS)


def test_a_kind_that_a_newer_gateway_writes_is_told_like_any_other() -> None:
    (frame,) = frames_of(EventRow(4, "of_tomorrow", 7, None), found=7)
    assert parts(frame) == {"messages"}
