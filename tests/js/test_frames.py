"""The pages' JavaScript and the server know the same frames: what one sends, the other handles; and the fields too."""

from __future__ import annotations

import re

import pytest

from apps.chats.event_kinds import EventKind
from apps.chats.live.frames.incoming import TYPES
from apps.chats.live.frames.parsing import FIELDS
from tests.kit.frame_types import declared, outgoing
from tests.kit.running import ROOT

pytestmark = pytest.mark.pure

FOLDER = ROOT / "static" / "chats"
SCRIPTS = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted(FOLDER.rglob("*.js"))
    if path != FOLDER / "logic" / "frames.js"  # types only
)
LITERAL = re.compile(r"\(\s*\{\s*type: \"(\w+)\"([^{}]*)\}")
"""An argument that is a frame; the page's own stand-ins for answers have a type of the server's."""


def sent() -> list[tuple[str, set[str], bool]]:
    """Frames that the page sends: type, fields, whether these are all of them (nothing is spread into it)."""
    found = []
    for match in re.finditer(r"(?:send|request)" + LITERAL.pattern, SCRIPTS):
        parts = [part.strip() for part in match[2].split(",") if part.strip()]
        names = {re.split(r"\W", part)[0] for part in parts if not part.startswith("...")}
        found.append((match[1], names, len(names) == len(parts)))
    return found


def handled() -> set[str]:
    """Types that the page tells apart."""
    found = set(re.findall(r"\b(?:frame|answer)\.type [!=]== \"(\w+)\"", SCRIPTS))
    for switch in re.finditer(r"switch \(frame\.type\) \{(.*?)\n  \}", SCRIPTS, re.DOTALL):
        found |= set(re.findall(r"case \"(\w+)\"", switch[1]))
    for some in re.findall(r"\[([^\[\]]*)\]\.includes\(frame\.type\)", SCRIPTS):
        found |= set(re.findall(r"\"(\w+)\"", some))
    return found


def test_the_page_sends_what_the_server_knows() -> None:
    assert {name for name, _, _ in sent()} == TYPES.keys()


@pytest.mark.parametrize(("name", "fields", "whole"), sent())
def test_the_fields_of_what_it_sends(name: str, fields: set[str], whole: bool) -> None:
    known = FIELDS[name]
    assert fields - known.keys() - {"ref"} == set()
    if whole:
        assert {field for field, one in known.items() if not one.optional} - fields == set()


def test_the_page_handles_what_the_server_sends() -> None:
    assert handled() == outgoing().keys()


def test_the_page_reads_fields_that_there_are() -> None:
    fields = {field.name for shape in outgoing().values() for field in declared(shape)}
    assert set(re.findall(r"\bframe\.(\w+)", SCRIPTS)) - fields == set()


@pytest.mark.parametrize("kind", EventKind)
def test_the_page_deals_with_what_it_is_told_of_every_kind_of_event(kind: EventKind) -> None:
    """Kinds do not travel: their effects do, each in a part of ``events`` or in a frame of its own."""
    named = set(re.findall(r"`(\w+)`", kind.page_gets))
    assert named
    parts = {field.name for field in declared(outgoing()["events"])}
    for name in named & parts:
        assert re.search(rf"\bframe\.{name}\b", SCRIPTS), name
    assert named - parts <= handled()
