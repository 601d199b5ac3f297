"""Spoilers where a text is shown without its formatting: a line of a list, a quote, a notice."""

from __future__ import annotations

from collections.abc import Iterable

from tgadmin.core.types import Entity

COVER = "▒"


def covered(text: str, spans: Iterable[Entity]) -> str:
    """The text with each character under a spoiler covered, but not its spaces; as long as before in characters."""
    hidden = [(one.offset, one.offset + one.length) for one in spans if one.kind == "spoiler"]
    if not hidden:
        return text
    shown, unit = [], 0
    for char in text:
        is_hidden = any(start <= unit < end for start, end in hidden) and not char.isspace()
        shown.append(COVER if is_hidden else char)
        unit += 2 if char > "\uffff" else 1
    return "".join(shown)
