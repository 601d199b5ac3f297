"""Spans as JSON holds them: in a message's row, in a command, in a frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tgadmin.core.types import SPANS, Entity


def from_json(found: object) -> tuple[Entity, ...]:
    """The spans of a JSON list, whatever it holds: what is none is left out."""
    if not isinstance(found, list):
        return ()
    return SPANS.first(_span(each) for each in found if isinstance(each, dict))


def as_json(spans: Iterable[Entity]) -> list[dict[str, Any]]:
    """The same as JSON takes it; what a span does not say is left out."""
    made: list[dict[str, Any]] = []
    for span in spans:
        one: dict[str, Any] = {"kind": span.kind, "offset": span.offset, "length": span.length}
        made.append(one | {"extra": span.extra} if span.extra else one)
    return made


def _span(found: dict[str, Any]) -> Entity:
    """Of whatever values: SPANS leaves out those that do not fit."""
    kind, offset, length, extra = (found.get(name) for name in ("kind", "offset", "length", "extra"))
    return Entity(kind, offset, length, extra or "")  # type: ignore[arg-type]
