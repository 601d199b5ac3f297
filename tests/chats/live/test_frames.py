"""Frames from the page: whatever comes, it is a frame, or refused in one of two ways; and every answer can be sent."""

from __future__ import annotations

import dataclasses
import inspect
import json
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.chats.live.frames import InvalidError, MalformedError, checks, incoming, parse
from apps.chats.live.frames.incoming import REQUESTS, TYPES, Request, SendRequest
from apps.chats.live.frames.parsing import FIELDS, MAX_REF
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


def outcome(text: str) -> Request | None:
    """The frame; None when it was refused. An answer that repeats what came can be sent."""
    try:
        frame = parse(text)
    except MalformedError:
        return None
    except InvalidError as error:
        json.dumps({"ref": error.ref, "message": error.message}, ensure_ascii=False).encode()
        return None
    assert type(frame) is TYPES[frame.type]
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
    assert is_text(refused.value.message)


def test_a_whole_pair_is_text() -> None:
    frame = parse(json.dumps({"type": "send", "chat": 1, "cid": str(uuid4()), "text": "😀"}))
    assert isinstance(frame, SendRequest)
    assert (frame.text, frame.reply_to, frame.ref) == ("😀", None, None)


DEEP = ["[" * 30_000, '{"type":"ping","a":' * 900 + "1" + "}" * 900, '{"type":"ping","a":1e999}']


@pytest.mark.parametrize("text", DEEP, ids=["lists", "objects", "large"])
def test_depth_and_size(text: str) -> None:
    assert outcome(text) is None


# --- the declarations -----------------------------------------------------------------------------------------------

EXAMPLES: dict[type, tuple[Any, type]] = {
    checks.Whole: (1, int),
    checks.Uuid: (str(uuid4()), UUID),
    checks.Text: ("x", str),
    checks.RowIds: ([1], list),
    checks.TextSpans: ([{"kind": "bold", "offset": 0, "length": 1}], tuple),
    checks.Flag: (True, bool),
}
"""A value that each kind of check takes, and the type of what it gives."""


def test_every_class_of_a_request_is_in_the_closed_set() -> None:
    classes = [one for _, one in inspect.getmembers(incoming, inspect.isclass) if issubclass(one, Request)]
    assert set(classes) - {Request} == set(REQUESTS)
    assert [one.type for one in REQUESTS] == list(TYPES)
    assert len(TYPES) == len(REQUESTS)


@pytest.mark.parametrize("request_type", REQUESTS, ids=lambda one: one.type)
def test_a_declaration_and_its_check_agree(request_type: type[Request]) -> None:
    """Every field takes what its check takes, gives what its annotation says, and may be null exactly when it may be
    left out."""
    hints = get_type_hints(request_type)
    known = FIELDS[request_type.type]
    assert {one.name for one in dataclasses.fields(request_type)} == {"ref", *known}
    given = {name: EXAMPLES[type(field.check)][0] for name, field in known.items()}
    frame = parse(json.dumps({"type": request_type.type, "ref": "r", **given}))
    assert (type(frame), frame.ref) == (request_type, "r")
    for name, field in known.items():
        made = EXAMPLES[type(field.check)][1]
        assert isinstance(getattr(frame, name), made)
        said = get_args(hints[name])
        assert field.optional is (type(None) in said)
        assert made in (hints[name], get_origin(hints[name]), *said, *map(get_origin, said))
        for nothing in ({**given, name: None}, {key: value for key, value in given.items() if key != name}):
            text = json.dumps({"type": request_type.type, **nothing})
            if field.optional:
                assert getattr(parse(text), name) is None
            else:
                with pytest.raises(InvalidError, match=f"{name}: is missing"):
                    parse(text)
