"""JSON in bounded frames: whatever is in it, it can be sent, and is put together again."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgadmin.core.frames import BOUND, encoded, framed, is_text, packed, parts, size

pytestmark = pytest.mark.pure

TEXT = st.text(st.characters(), max_size=40)  # with lone surrogates
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4))
BIG = st.sampled_from(["ж", "😀", '"', "\\", "\n", "\x7f", "\u2028", "a", "€"])


def no_constant(name: str) -> Any:
    raise AssertionError(name)


@given(VALUES)
def test_whatever_it_is_it_is_sent_and_read(value: Any) -> None:
    sent = encoded(value).encode()
    read = json.loads(sent, parse_constant=no_constant)
    if is_text(str(value)) and "nan" not in repr(value) and "inf" not in repr(value):
        assert read == json.loads(json.dumps(value))


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 10**5000, [{"a": [math.nan]}, "\ud800"]], ids=list("abcde")
)
def test_what_json_has_no_number_for_is_null(value: Any) -> None:
    read = json.loads(encoded(value).encode(), parse_constant=no_constant)
    assert read in (None, [{"a": [None]}, "\ud800"])


@given(st.dictionaries(st.sampled_from("abcdef"), VALUES), st.sets(st.sampled_from("abcdef")))
def test_a_frame_of_texts_is_the_same_frame(value: dict[str, Any], made: set[str]) -> None:
    """Whichever of its fields are JSON already, and whatever the frame has in their place."""
    texts = {name: encoded(value[name]) for name in value.keys() & made}
    sent = framed({name: [name] if name in texts else one for name, one in value.items()}, **texts)
    assert json.loads(sent.encode(), parse_constant=no_constant) == json.loads(encoded(value))
    if is_text(json.dumps(value, ensure_ascii=False)):
        assert sent == encoded(value)


@given(st.lists(BIG, min_size=1, max_size=3), st.integers(1, 120_000), st.integers(0, 3))
def test_parts_are_bounded_and_make_the_whole(chars: list[str], count: int, cut: int) -> None:
    value = {"type": "ok", "text": "".join(chars) * (count // len(chars)) + "x" * cut}
    text = encoded(value)
    sent = parts(text)
    assert all(size(part) <= BOUND for part in sent)
    if len(sent) == 1:
        assert sent == [text]
        return
    frames = [json.loads(part) for part in sent]
    assert {frame["type"] for frame in frames} == {"part"}
    assert [frame["last"] for frame in frames] == [False] * (len(frames) - 1) + [True]
    assert json.loads("".join(frame["text"] for frame in frames)) == value


@given(st.lists(TEXT.filter(is_text)), st.integers(1, 200))
def test_packed_in_order_and_within_the_room(texts: list[str], room: int) -> None:
    groups = list(packed(texts, room))
    assert [text for group in groups for text in group] == texts
    for group in groups:
        assert len(group) == 1 or sum(size(text) + 1 for text in group) <= room


def test_the_bound_is_below_what_servers_refuse() -> None:
    assert BOUND < 64 * 1024
    assert parts("x" * BOUND) == ["x" * BOUND]
    assert len(parts("é" * (BOUND // 2 + 1))) > 1
