"""What becomes of a text's spans when the text alone was changed: they stay on what was not touched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

from tgadmin.core.formatting.text import utf16_length
from tgadmin.core.types import Entity

_TOKEN = re.compile(r"\w+|\W", re.DOTALL)
_MOST_TOKENS = 400
"""Words of which a change is looked at word by word: that takes time that grows with their square."""

Change = tuple[int, int, int]
"""Where something was replaced, where that ended, and how long what came in its place is; in the old text's units."""


def carried(old: str, spans: Iterable[Entity], new: str) -> tuple[Entity, ...]:
    """The spans of ``old`` as they lie in ``new``. What was replaced within a span is formatted like the rest of it;
    what was added at its edge is not."""
    changes = _changes(old, new)
    moved = (_moved(span, changes) for span in spans)
    return tuple(span for span in moved if span is not None)


def _moved(span: Entity, changes: list[Change]) -> Entity | None:
    start, end = span.offset, span.offset + span.length
    # From the last change to the first, so that the places of those before it are still the old ones.
    for left, right, length in reversed(changes):
        shift = length - (right - left)
        if right <= start and not left == right == start:
            start, end = start + shift, end + shift
        elif left == right == start:
            start, end = start + length, end + length
        elif left >= end:
            continue
        elif start <= left and right <= end:
            end += shift
        elif left <= start and end <= right:
            return None
        elif left < start:
            start, end = left + length, end + shift
        else:
            end = left
    return Entity(span.kind, start, end - start, span.extra) if end > start else None


def _changes(old: str, new: str) -> list[Change]:
    """What was replaced, from left to right."""
    head = 0
    most = min(len(old), len(new))
    while head < most and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < most - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    at = utf16_length(old[:head])
    if not before and not after:
        return []
    found = _by_words(before, after) or [(0, utf16_length(before), utf16_length(after))]
    return [(at + left, at + right, length) for left, right, length in found]


def _by_words(before: str, after: str) -> list[Change]:
    """The changes word by word; none where there are too many words to look."""
    one, other = _TOKEN.findall(before), _TOKEN.findall(after)
    if len(one) > _MOST_TOKENS or len(other) > _MOST_TOKENS:
        return []
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return [
        (_units(one[:a]), _units(one[:b]), _units(other[c:d]))
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]


def _units(tokens: list[str]) -> int:
    return sum(map(utf16_length, tokens))
