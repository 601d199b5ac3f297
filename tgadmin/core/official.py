"""Telegram's own accounts: what they write (login codes above all) is for an account's managers, with codes masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from tgadmin.core.codes import BULLET, Span, masked
from tgadmin.core.types import Entity, Message

SERVICE, SERVICE_BEFORE, VERIFICATION_CODES = 777000, 333000, 489000
"""User ids, as official clients know them: service notifications, the same in earlier years, Verification Codes."""
OFFICIAL = frozenset({SERVICE, SERVICE_BEFORE, VERIFICATION_CODES})

MANY_EMOJI = 4
"""Custom emoji may be pictures of digits: so many could be a code."""
_HIDDEN_KINDS = frozenset({"code", "pre", "spoiler"})
_IDS = frozenset({"mention_name", "custom_emoji"})
"""Entities whose ``extra`` is the id of something, not text."""
_NOT_TEXT = frozenset({"kind", "date", "close_date", "mime_type", "preview", "waveform", "album_id"})


def is_official(peer_id: int | None) -> bool:
    """Whether the marked id is that of one of Telegram's own accounts."""
    return peer_id in OFFICIAL


def is_from_telegram(message: Message) -> bool:
    """Whether it stands in a chat with such an account, comes from one, or was forwarded from one, wherever it is."""
    if message.peer_id in OFFICIAL or message.sender_id in OFFICIAL:
        return True
    forward = message.forward
    return forward is not None and (forward.get("from_id") in OFFICIAL or forward.get("saved_from_id") in OFFICIAL)


def conceal(message: Message) -> tuple[Message, dict[str, Any] | None]:
    """The message with every code in it masked, and the fields that this has changed as they were, by name, JSON
    (``entities`` as lists of Entity's four); None where nothing was masked."""
    changes: dict[str, Any] = {}
    for field in fields(message):
        value = getattr(message, field.name)
        concealed = _HIDE[field.name](message) if field.name in _HIDE else _masked_value(value)
        if concealed != value:
            changes[field.name] = concealed
    if not changes:
        return message, None
    before = {name: getattr(message, name) for name in (*changes, "text", "entities")}
    before["entities"] = [[one.kind, one.offset, one.length, one.extra] for one in message.entities]
    return replace(message, **changes), before


def _masked_value(value: Any) -> Any:
    """Every text of a JSON value, keys that never hold one apart."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: each if key in _NOT_TEXT else _masked_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_masked_value, value))
    return value


def _masked_text(message: Message) -> str:
    hidden = [(one.offset, one.offset + one.length) for one in message.entities if one.kind in _HIDDEN_KINDS]
    return masked(message.text, _spans(message.text, hidden) if hidden else ())


def _spans(text: str, units: Sequence[Span]) -> Iterator[Span]:
    """Spans in UTF-16 code units as spans of characters."""
    places, at = [], 0
    for place, char in enumerate(text):
        width = 2 if ord(char) > 0xFFFF else 1
        places += [place] * width
        at += width
    for start, end in units:
        if 0 <= start < min(end, at):
            yield places[start], (places[end] if end < at else len(text))


def _masked_entities(message: Message) -> tuple[Entity, ...]:
    """Without pictures in place of what is masked, or so many of them that they might spell a code."""
    if not message.entities:
        return ()
    units = _masked_text(message).encode("utf-16-le")
    many = sum(one.kind == "custom_emoji" for one in message.entities) >= MANY_EMOJI
    bullet = BULLET.encode("utf-16-le")
    return tuple(
        one if one.kind in _IDS or not one.extra else replace(one, extra=masked(one.extra))
        for one in message.entities
        if one.kind != "custom_emoji"
        or not (many or bullet in units[2 * max(0, one.offset) : 2 * max(0, one.offset + one.length)])
    )


_HIDE = {"text": _masked_text, "entities": _masked_entities}
