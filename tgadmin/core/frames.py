"""JSON text in frames of a bounded size. All sizes are bytes of UTF-8, as a frame is sent."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, TypedDict

BOUND = 56 * 1024
"""The largest frame that is sent. Servers and proxies that have a limit for messages have one of 64 KB or more."""
PART = (BOUND - 256) // 4
"""Characters of a text that fit into one ``part``: a character takes four bytes at most, a quoted one two."""

# Made once: json.dumps makes one for each call.
_PLAIN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_ESCAPED = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class PartFrame(TypedDict):
    """A piece of a frame that is larger than the bound and cannot be split: in a row, with nothing between them."""

    type: Literal["part"]
    text: Annotated[str, "a piece of the frame's JSON text"]
    last: Annotated[bool, "the texts put together are the frame now"]


def encoded(value: Any) -> str:
    """``value`` as JSON that can be sent and read, whatever is in it: half a surrogate pair, which UTF-8 has no bytes
    for, is written as an escape; a number that JSON does not have as null."""
    try:
        text = _PLAIN.encode(value)
    except ValueError:
        value = _finite(value)
        text = _PLAIN.encode(value)
    if not text.isascii() and not is_text(text):
        return _ESCAPED.encode(value)
    return text


def framed(frame: Mapping[str, object], **texts: str) -> str:
    """``frame`` as JSON, in the order of its fields; the fields that ``texts`` names are JSON already, and what the
    frame has in their place is not looked at."""
    pieces: list[str] = []
    run: dict[str, object] = {}
    for name, value in frame.items():
        if name not in texts:
            run[name] = value
            continue
        if run:
            pieces.append(encoded(run)[1:-1])
            run = {}
        pieces.append(f'"{name}":{texts[name]}')
    if run:
        pieces.append(encoded(run)[1:-1])
    return f"{{{','.join(pieces)}}}"


def is_text(text: str) -> bool:
    """Whether UTF-8 has bytes for it: no half of a surrogate pair is in it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def packed(texts: Iterable[str], room: int) -> Iterator[list[str]]:
    """The texts in their order, in groups that take ``room`` at most with a comma behind each. One that is larger makes
    a group of its own."""
    group: list[str] = []
    taken = 0
    for text in texts:
        more = size(text) + 1
        if group and taken + more > room:
            yield group
            group, taken = [], 0
        group.append(text)
        taken += more
    if group:
        yield group


def parts(text: str, bound: int = BOUND) -> list[str]:
    """The frames that carry the frame ``text``: itself, or, when it is larger than ``bound``, frames of type ``part``,
    whose texts in a row are it."""
    if len(text) <= bound // 4 or size(text) <= bound:
        return [text]
    starts = range(0, len(text), PART)
    return [
        encoded(PartFrame(type="part", text=text[start : start + PART], last=start == starts[-1])) for start in starts
    ]


def _finite(value: Any) -> Any:
    """The same with null for what JSON, or who reads it, has no number for."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and value.bit_length() > 1024:  # Python writes no digits of it, a browser reads Infinity
        return None
    return value
