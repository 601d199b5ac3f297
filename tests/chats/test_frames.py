"""Frames from the page: whatever comes, it is a frame, or refused in one of two ways; and every answer can be sent."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.chats.frames import FIELDS, MAX_REF, Frame, InvalidError, MalformedError, parse
from tgadmin.core.frames import is_text

pytestmark = pytest.mark.pure

TEXT = st.text(st.characters(), max_size=80)  # with lone surrogates and NUL
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.integers(0, 2**63).map(str)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5))
NAMES = st.sampled_from(sorted({name for fields in FIELDS.values() for name in fields} | {"ref"}))
LIKELY = st.sampled_from([1, 2**31, 2**63, -1, True, "1", str(uuid4()), [1], [], "\ud800", "x" * (MAX_REF + 1)])
FRAMES = st.builds(
    lambda kind, given, more: {**more, **given, "type": kind},
    st.sampled_from(sorted(FIELDS)) | TEXT,
    st.dictionaries(NAMES, LIKELY | VALUES, max_size=5),
    st.dictionaries(TEXT, VALUES, max_size=1),
)


def outcome(text: str) -> Frame | None:
    """The frame; None when it was refused. An answer that repeats what came can be sent."""
    try:
        frame = parse(text)
    except MalformedError:
        return None
    except InvalidError as error:
        json.dumps({"ref": error.ref, "says": error.says}, ensure_ascii=False).encode()
        return None
    assert frame.values.keys() == FIELDS[frame.type].keys()
    assert is_text(repr(frame))
    json.dumps({"ref": frame.ref}, ensure_ascii=False).encode()
    return frame


@given(FRAMES | VALUES, st.booleans())
def test_any_json(value: Any, ascii_only: bool) -> None:
    outcome(json.dumps(value, ensure_ascii=ascii_only))


@given(TEXT)
def test_any_text(text: str) -> None:
    outcome(text)


@pytest.mark.parametrize("field", ["ref", "cid", "text", "reply_to", "chat", "nonsense"])
@pytest.mark.parametrize("half", ["\\ud800", "\\uDFFF", "x\\udc00\\ud800", "\\ud83d"])
def test_half_a_surrogate_pair_is_refused_wherever_it_is(field: str, half: str) -> None:
    values = {"type": "send", "ref": "r", "chat": 1, "cid": str(uuid4()), "text": "hello"}
    text = json.dumps(values | {field: "HERE"}).replace("HERE", half)
    with pytest.raises(InvalidError) as refused:
        parse(text)
    assert refused.value.ref == (None if field == "ref" else "r")
    assert is_text(refused.value.says)


def test_a_whole_pair_is_text() -> None:
    frame = parse(json.dumps({"type": "send", "chat": 1, "cid": str(uuid4()), "text": "😀"}))
    assert frame.values["text"] == "😀"


DEEP = ["[" * 30_000, '{"type":"ping","a":' * 900 + "1" + "}" * 900, '{"type":"ping","a":1e999}']


@pytest.mark.parametrize("text", DEEP, ids=["lists", "objects", "large"])
def test_depth_and_size(text: str) -> None:
    assert outcome(text) is None
