"""What becomes of a text's spans when the text alone was changed: they stay on what was not touched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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
    """What was replaced, from left to right: words first, then the letters in them, so that a word which is put in
    front of one that begins alike is taken for what it is."""
    one, other = _TOKEN.findall(old), _TOKEN.findall(new)
    head, tail = _alike(one, other)
    at = _units(one[:head])
    found = []
    for before, after, left in _by_words(one[head : len(one) - tail], other[head : len(other) - tail], at):
        start, end = _alike(before, after)
        begin = left + utf16_length(before[:start])
        length = utf16_length(after[start : len(after) - end])
        found.append((begin, begin + utf16_length(before[start : len(before) - end]), length))
    return found


def _alike(one: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    """How many parts are the same at the beginning, and of the rest at the end."""
    head, most = 0, min(len(one), len(other))
    while head < most and one[head] == other[head]:
        head += 1
    tail = 0
    while tail < most - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    return head, tail


def _by_words(one: list[str], other: list[str], at: int) -> list[tuple[str, str, int]]:
    """What was there, what is there now, and where; as one where there are too many words to look."""
    if not one and not other:
        return []
    if len(one) > _MOST_TOKENS or len(other) > _MOST_TOKENS:
        return [("".join(one), "".join(other), at)]
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return [
        ("".join(one[a:b]), "".join(other[c:d]), at + _units(one[:a]))
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]


def _units(tokens: list[str]) -> int:
    return sum(map(utf16_length, tokens))
