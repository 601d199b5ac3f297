"""Spoilers where a text is shown without its formatting: a line of a list, a quote, a notice."""

from __future__ import annotations

from collections.abc import Iterable

from tgadmin.core.types import Entity

COVER = "▒"


def covered(text: str, spans: Iterable[Entity]) -> str:
    """The text with each character under a spoiler covered, but not its spaces; as long as before in characters."""
    spoilers = [one for one in spans if one.kind == "spoiler"]
    if not spoilers:
        return text
    hidden = bytearray(2 * len(text))  # by UTF-16 code unit; a long text may have many spoilers, one over the other
    for one in spoilers:
        start, end = max(one.offset, 0), min(one.offset + one.length, len(hidden))
        if start < end:
            hidden[start:end] = b"\1" * (end - start)
    shown, unit = [], 0
    for char in text:
        shown.append(COVER if hidden[unit] and not char.isspace() else char)
        unit += 2 if char > "\uffff" else 1
    return "".join(shown)
