"""Texts with the spans in them, and names of kinds. What values may be is said by the core types' own ranges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from telethon import types as T  # noqa: N812

from tgadmin.core.bounds import clean
from tgadmin.core.types import MAX_SPANS, MAX_TEXT, SPANS, Entity

__all__ = ["clean", "iso", "kind_of", "or_else", "snake", "text_and_entities"]

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NUL = "\0"
_R = TypeVar("_R")
DATE_FLAGS = ("relative", "short_time", "long_time", "short_date", "long_date", "day_of_week")
"""How a messageEntityFormattedDate says its moment."""


def snake(name: str) -> str:
    """``ChatAddUser`` as ``chat_add_user``."""
    return _CAMEL.sub("_", name).lower()


def kind_of(kind: type, prefix: str) -> str:
    """A constructor's name without what all of its kind begin with: ``MessageMediaGeoLive`` as ``geo_live``."""
    return _kind_of(kind.__name__, prefix)


@cache
def _kind_of(name: str, prefix: str) -> str:
    return snake(name.removeprefix("Input").removeprefix(prefix))


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def or_else(convert: Callable[[Any], _R], found: Any, otherwise: _R) -> _R:
    """A part of a message as it is converted, or the stand-in: a part of a shape that nobody foresaw does not cost the
    message."""
    try:
        return convert(found)
    except Exception:  # noqa: BLE001 - see above
        return otherwise


def text_and_entities(text: str | None, entities: Iterable[Any] | None) -> tuple[str, tuple[Entity, ...]]:
    """A text without NUL, at most MAX_TEXT long, with its spans moved along. Which of them are kept is the message's
    to say (``fit``); no more are made of them than it looks at."""
    if not text:
        return "", ()
    found = tuple(islice(_spans(entities), 2 * MAX_SPANS)) if entities else ()
    if _NUL not in text:
        return text[:MAX_TEXT], found
    return clean(text, MAX_TEXT), _moved(text, SPANS.first(found)) if found else ()


def _moved(text: str, spans: tuple[Entity, ...]) -> tuple[Entity, ...]:
    """The spans as they lie in the text without its NULs; what held nothing else is gone."""
    edges = sorted({edge for span in spans for edge in (span.offset, span.offset + span.length)})
    gone = dict(zip(edges, _nuls_before(text, edges), strict=True))
    moved = []
    for span in spans:
        start, end = span.offset, span.offset + span.length
        start, end = start - gone[start], end - gone[end]
        if end > start:
            moved.append(Entity(span.kind, start, end - start, span.extra))
    return tuple(moved)


def _nuls_before(text: str, edges: list[int]) -> Iterator[int]:
    """How many NULs lie before each of these places, which are in order and count UTF-16 units; in one pass."""
    units = memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")
    count = at = 0
    for edge in edges:
        count += units[at:edge].tolist().count(0)
        at = edge
        yield count


def _spans(entities: Iterable[Any]) -> Iterator[Entity]:
    for each in entities:
        yield Entity(kind_of(type(each), "MessageEntity"), each.offset, each.length, _extra(each))


def _extra(entity: Any) -> str:
    for name in ("url", "language", "user_id", "document_id"):
        value = getattr(entity, name, None)
        if value is not None:
            return str(getattr(value, "user_id", value))
    if isinstance(entity, T.MessageEntityFormattedDate):
        return _date(entity)
    return "collapsed" if getattr(entity, "collapsed", None) else ""


def _date(entity: Any) -> str:
    """A moment with how it is written: ``1764322476:long_date,long_time``."""
    moment = int(entity.date.timestamp()) if entity.date else 0
    return f"{moment}:{','.join(name for name in DATE_FLAGS if getattr(entity, name))}"
