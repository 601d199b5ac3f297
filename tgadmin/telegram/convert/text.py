"""Texts as PostgreSQL and JSON take them, and the spans in them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from tgadmin.core.types import Entity

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NUL = "\0"


def clean(text: str | None, length: int | None = None) -> str:
    """The text without NUL, which PostgreSQL refuses, and with lone surrogates replaced; at most ``length`` long."""
    if not text:
        return ""
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)
    return (text.replace(_NUL, "") if _NUL in text else text)[:length]


def clean_value(value: Any) -> Any:
    """The same for everything in a JSON value."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(key): clean_value(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_value(each) for each in value]
    return value


def snake(name: str) -> str:
    """``ChatAddUser`` as ``chat_add_user``."""
    return _CAMEL.sub("_", name).lower()


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def text_and_entities(text: str | None, entities: Any) -> tuple[str, tuple[Entity, ...]]:
    """A text made clean, with its spans moved along."""
    found = tuple([_entity(each) for each in entities]) if entities else ()
    if not text or _NUL not in text:
        return clean(text), found
    nuls = _utf16_positions(text, _NUL)
    moved = []
    for each in found:
        before = sum(1 for at in nuls if at < each.offset)
        inside = sum(1 for at in nuls if each.offset <= at < each.offset + each.length)
        if each.length > inside:
            moved.append(Entity(each.kind, each.offset - before, each.length - inside, each.extra))
    return clean(text), tuple(moved)


def _utf16_positions(text: str, wanted: str) -> list[int]:
    positions, at = [], 0
    for character in text:
        if character == wanted:
            positions.append(at)
        at += 2 if ord(character) > 0xFFFF else 1
    return positions


def _entity(entity: Any) -> Entity:
    kind = snake(type(entity).__name__.removeprefix("Input").removeprefix("MessageEntity"))
    return Entity(kind, entity.offset, entity.length, clean(_extra(entity)))


def _extra(entity: Any) -> str:
    for name in ("url", "language", "user_id", "document_id"):
        value = getattr(entity, name, None)
        if value is not None:
            return str(getattr(value, "user_id", value))
    return "collapsed" if getattr(entity, "collapsed", None) else ""
