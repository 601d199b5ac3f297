"""Texts as they are sent, with their spans where they belong after the cleaning."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from itertools import accumulate

from tgadmin.core.formatting.spans import nested
from tgadmin.core.types import Entity

_KEPT = frozenset("\n\t")


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units: an emoji outside the basic plane counts two."""
    return len(text) + sum(1 for char in text if char > "\uffff")


def tidy(text: str, spans: Iterable[Entity] = (), known: Collection[str] = ()) -> tuple[str, tuple[Entity, ...]]:
    """The text as it is sent, and its spans on the same characters as before: line ends are LF; other control
    characters and lone surrogates are gone; outer space too; a span covers whole characters, and what covers only space
    is gone. ``known``: see ``nested``. Whatever comes in; twice is the same as once."""
    kept = [_kept(char, text[index + 1 : index + 2]) for index, char in enumerate(text)]
    cleaned = "".join(kept)
    result = cleaned.strip()
    given = list(spans)
    if not given:
        return result, ()
    head = utf16_length(cleaned[: len(cleaned) - len(cleaned.lstrip())])
    length = utf16_length(result)
    moved = _moved(text, kept, given, head)
    units = result.encode("utf-16-le")
    return result, tuple(one for one in nested(moved, length, known) if _says_something(units, one))


def _says_something(units: bytes, span: Entity) -> bool:
    covered = units[2 * span.offset : 2 * (span.offset + span.length)].decode("utf-16-le", "replace")
    return bool(covered.strip())


def _kept(char: str, after: str) -> str:
    if char == "\r":
        return "" if after == "\n" else "\n"
    return char if char in _KEPT or unicodedata.category(char) not in ("Cc", "Cs") else ""


def _moved(text: str, kept: list[str], spans: list[Entity], head: int) -> list[Entity]:
    """The spans in the cleaned text, cut to whole characters. A place in the middle of one belongs to all of it."""
    before = [0, *accumulate(2 if char > "\uffff" else 1 for char in text)]
    after = [0, *accumulate(utf16_length(char) for char in kept)]
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for index, unit in enumerate(before):
        first[unit] = last[unit] = after[index]
        if index < len(text) and before[index + 1] - unit == 2:
            first[unit + 1], last[unit + 1] = after[index], after[index + 1]
    total = before[-1]
    moved = []
    for span in spans:
        start, end = max(span.offset, 0), min(span.offset + span.length, total)
        if end <= start:
            continue
        start, end = max(first[start] - head, 0), last[end] - head
        if end > start:
            moved.append(Entity(span.kind, start, end - start, span.extra))
    return moved
