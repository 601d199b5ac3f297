"""docs/socket-protocol.md's tables and static/chats/logic/frames.js say what the declarations say; ``--write-docs``
writes both again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Literal, get_args, get_origin, is_typeddict

import pytest

from apps.chats import payloads
from apps.chats.event_kinds import EventKind
from apps.chats.live.frames import outgoing as outgoing_module
from apps.chats.live.frames.incoming import REQUESTS, Request
from apps.chats.live.frames.parsing import FIELDS
from apps.chats.payloads import PROTOCOL
from tests.kit import frame_types
from tests.kit.frame_types import Declared, about, declared, is_union, outgoing, typed_dicts
from tests.kit.running import ROOT

pytestmark = pytest.mark.pure

PAGE = ROOT / "docs" / "socket-protocol.md"
SCRIPT = ROOT / "static" / "chats" / "logic" / "frames.js"
END = "<!-- end -->"

SHAPES = typed_dicts(payloads)
FRAMES = outgoing()


def test_every_frame_of_the_module_is_in_the_closed_set() -> None:
    assert set(typed_dicts(outgoing_module)) - set(FRAMES.values()) == set()
    assert len(FRAMES) == len(get_args(outgoing_module.Outgoing)), "two frames have one name"


def test_every_shape_is_used() -> None:
    used: set[type] = set()
    waiting = list(FRAMES.values())
    while waiting:
        shape = waiting.pop()
        for field in declared(shape):
            waiting += [one for one in _parts(field.type) if is_typeddict(one) and one not in used]
            used.update(one for one in _parts(field.type) if is_typeddict(one))
    bases = {payloads.Newest, payloads.SessionFacts, payloads.RevealedText}  # parts of other shapes and frames
    given_by_http = {payloads.ChatListPage}
    assert set(SHAPES) - used == bases | given_by_http


def test_everything_has_its_sentence() -> None:
    for shape in (*SHAPES, *FRAMES.values(), *REQUESTS):
        assert re.search(r"\.$", about(shape)), shape
    for shape in (*SHAPES, *FRAMES.values()):
        assert [field.name for field in declared(shape) if not field.meaning] in ([], ["type"]), shape
    for name, fields in FIELDS.items():
        assert all(field.meaning for field in fields.values()), name


def _parts(kind: Any) -> list[Any]:
    """A type, and those that it is made of."""
    return [kind, *(inner for one in get_args(kind) for inner in _parts(one))]


# --- the page -------------------------------------------------------------------------------------------------------


def _words(kind: Any) -> str:
    """A type for people."""
    if is_union(kind):
        return " or ".join(_words(one) for one in get_args(kind))
    if get_origin(kind) is list:
        return f"list of {_words(get_args(kind)[0])}"
    if get_origin(kind) is Literal:
        return " or ".join(f"`{one}`" for one in get_args(kind))
    if is_typeddict(kind):
        return f"*{_name(kind)}*"
    plain = {int: "number", str: "text", bool: "true or false", type(None): "null"}
    return plain.get(kind, "object")


def _name(shape: type) -> str:
    """``ChatRow``: chat row."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", shape.__name__).lower()


def _field_rows(fields: Iterable[Declared]) -> list[str]:
    return [
        f"| | `{field.name}{'?' if field.optional else ''}` | {_words(field.type)} | {field.meaning} |"
        for field in fields
        if field.name != "type"
    ]


def _from_the_page() -> list[str]:
    lines = ["| frame | field | type | what it is |", "|---|---|---|---|"]
    for request in REQUESTS:
        lines.append(f"| **`{request.type}`** | | | {about(request)} Answer: {request.answer}. |")
        lines += [
            f"| | `{name}{'?' if field.optional else ''}` | {field.check.label} | {field.meaning} |"
            for name, field in FIELDS[request.type].items()
        ]
    return lines


def _from_the_server() -> list[str]:
    lines = ["| frame | field | type | what it is |", "|---|---|---|---|"]
    for name, shape in FRAMES.items():
        lines += [f"| **`{name}`** | | | {about(shape)} |", *_field_rows(declared(shape))]
    return lines


def _objects() -> list[str]:
    lines = ["| object | field | type | what it is |", "|---|---|---|---|"]
    for shape in SHAPES:
        lines += [f"| *{_name(shape)}* | | | {about(shape)} |", *_field_rows(declared(shape))]
    return lines


def _event_kinds() -> list[str]:
    lines = ["| kind | what has happened | what pages are told |", "|---|---|---|"]
    return [*lines, *(f"| `{kind}` | {kind.meaning} | {kind.pages_get} |" for kind in EventKind)]


TABLES: dict[str, Callable[[], list[str]]] = {
    "frames from the page": _from_the_page,
    "frames from the server": _from_the_server,
    "objects in frames": _objects,
    "kinds of events": _event_kinds,
}


def test_the_page_says_the_same(request: pytest.FixtureRequest) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, lines in TABLES.items():
        start = f"<!-- {name}: made by tests/chats/live/test_frame_docs.py -->\n"
        before, rest = text.split(start)
        text = before + start + "\n".join(lines()) + "\n" + rest[rest.index(END) :]
    if request.config.getoption("--write-docs"):
        PAGE.write_text(text, encoding="utf-8")
    assert text == PAGE.read_text(encoding="utf-8"), "docs/socket-protocol.md differs: write it again with --write-docs"


# --- the script -----------------------------------------------------------------------------------------------------

HEAD = """// Types of what goes over the live socket, and of what HTTP gives of it: nothing runs here.
// Made from the server's declarations (apps/chats/live/frames/) by
// `bin/test tests/chats/live/test_frame_docs.py --write-docs`; the test fails when it differs from them.
"""


def _js(kind: Any) -> str:
    """A type as JSDoc has it."""
    if is_union(kind):
        return " | ".join(_js(one) for one in get_args(kind))
    if get_origin(kind) is list:
        inner = _js(get_args(kind)[0])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if get_origin(kind) is Literal:
        return " | ".join(f'"{one}"' for one in get_args(kind))
    if get_origin(kind) is dict:
        return "Record<string, any>"
    if is_typeddict(kind):
        return kind.__name__
    return {int: "number", str: "string", bool: "boolean", type(None): "null"}[kind]


def _typedef(shape: type, properties: Iterable[str]) -> str:
    lines = [about(shape), f"@typedef {{object}} {shape.__name__}", *properties]
    return "/**\n" + "".join(f" * {line}\n" for line in lines) + " */\n"


def _property(kind: str, name: str, optional: bool, meaning: str) -> str:
    return f"@property {{{kind}}} {f'[{name}]' if optional else name} {meaning}".rstrip()


def _of_shape(shape: type) -> str:
    fields = declared(shape)
    return _typedef(shape, [_property(_js(field.type), field.name, field.optional, field.meaning) for field in fields])


def _of_request(request: type[Request]) -> str:
    properties = [
        _property(f'"{request.type}"', "type", False, ""),
        _property("string", "ref", True, "repeated in the answer"),
    ]
    for name, field in FIELDS[request.type].items():
        kind = f"{field.check.js} | null" if field.optional else field.check.js
        properties.append(_property(kind, name, field.optional, field.meaning))
    return _typedef(request, properties)


def _union(name: str, sentence: str, shapes: Iterable[type]) -> str:
    members = " | ".join(shape.__name__ for shape in shapes)
    return f"/**\n * {sentence}\n * @typedef {{{members}}} {name}\n */\n"


def test_the_script_says_the_same(request: pytest.FixtureRequest) -> None:
    typedefs = [
        *(_of_shape(shape) for shape in SHAPES),
        *(_of_shape(shape) for shape in FRAMES.values()),
        *(_of_request(one) for one in REQUESTS),
        _union("FromServer", "Everything that the server sends.", FRAMES.values()),
        _union("FromPage", "Everything that a page sends.", REQUESTS),
    ]
    made = "\n".join([HEAD, *typedefs, "export {};\n"])
    if request.config.getoption("--write-docs"):
        SCRIPT.write_text(made, encoding="utf-8")
    assert made == SCRIPT.read_text(encoding="utf-8"), f"{SCRIPT.name} differs: write it again with --write-docs"


# --- telling whether a frame is as it is declared -------------------------------------------------------------------

PART = {"type": "part", "text": "x", "last": True}
WRONG: list[dict[str, Any]] = [
    {},
    {"type": "nonsense"},
    {"type": "part", "text": "x"},
    PART | {"more": 1},
    PART | {"text": None},
    PART | {"last": 1},
    {"type": "gone", "session": True},
    {"type": "done", "ref": None, "state": "failed", "error": {"code": "X", "message": ""}},
    {"type": "welcome", "version": PROTOCOL, "sessions": [{"id": 1}]},
    {"type": "events"},
]


@pytest.mark.parametrize("frame", WRONG, ids=str)
def test_a_frame_that_is_not_as_declared_is_found(frame: dict[str, Any]) -> None:
    assert frame_types.faults(frame) != []


def test_one_that_is_has_no_faults() -> None:
    assert frame_types.faults(PART) == []
    assert frame_types.faults({"type": "ok", "ref": None}) == []
