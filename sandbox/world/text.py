"""What the server does to a message's text and entities before it takes them.

Offsets and lengths are in UTF-16 code units (https://core.telegram.org/api/entities#entity-length).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from telethon.tl import types

from sandbox.errors import RpcError

MAX_LENGTH = 4096  # help.getConfig's message_length_max
MAX_CAPTION = 1024  # help.getAppConfig's caption_length_limit_default
MAX_ENTITIES = 100

# Control characters become spaces and carriage returns vanish: official clients clean their input so, and the server
# does it for those that do not.
_CONTROL = dict.fromkeys([*range(9), 11, 12, *range(14, 32)], " ") | {0x0D: None}
_DOMAINS = (
    "com|org|net|edu|gov|info|io|me|eu|de|fr|es|it|nl|pl|uk|us|ru|jp|cn|dev|app"  # the commonest of Telegram's list
)
_FOUND: tuple[tuple[re.Pattern[str], Callable[[int, int], Any]], ...] = (
    (re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]"), types.MessageEntityUrl),
    (re.compile(r"(?<![\w@.+-])[\w.+-]{1,64}@(?:[a-z0-9-]+\.)+[a-z]{2,8}\b", re.IGNORECASE), types.MessageEntityEmail),
    (
        re.compile(
            rf"(?<![\w@/.-])(?:[a-z0-9-]+\.)+(?:{_DOMAINS})\b(?::\d+)?(?:/[^\s<>\"']*[^\s<>\"'.,;:!?)\]])?",
            re.IGNORECASE,
        ),
        types.MessageEntityUrl,
    ),
    (re.compile(r"(?<![\w@/.])@[A-Za-z]\w{3,31}\b"), types.MessageEntityMention),
    (re.compile(r"(?<![\w#&/])#\w*[^\W\d]\w*"), types.MessageEntityHashtag),
    (re.compile(r"(?<![\w$])\$[A-Z]{1,8}(?!\w)"), types.MessageEntityCashtag),
    (re.compile(r"(?<![\w/<>.:])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z]\w{3,31})?(?![\w/<>])"), types.MessageEntityBotCommand),
    (re.compile(r"(?<![\w+])\+\d(?:[ ()-]{0,2}\d){6,14}(?!\w)"), types.MessageEntityPhone),
)
_MAY_HOLD = re.compile(r"[@#$/+]|\.[a-z]{2}", re.IGNORECASE)  # else nothing can be found
_ITS_OWN = (
    types.MessageEntityUrl, types.MessageEntityEmail, types.MessageEntityMention, types.MessageEntityHashtag,
    types.MessageEntityCashtag, types.MessageEntityBotCommand, types.MessageEntityPhone, types.MessageEntityBankCard,
)  # fmt: skip
_WHOLE = (
    types.MessageEntityCode, types.MessageEntityPre, types.MessageEntityTextUrl, types.MessageEntityMentionName,
    types.MessageEntityCustomEmoji, *_ITS_OWN,
)  # fmt: skip


def first_link(text: str, entities: list[Any]) -> str | None:
    """The address that gets a preview: that of the first link (https://core.telegram.org/api/link-previews)."""
    raw = text.encode("utf-16-le")
    for each in entities:
        if isinstance(each, types.MessageEntityTextUrl):
            return str(each.url)
        if isinstance(each, types.MessageEntityUrl):
            return raw[2 * each.offset : 2 * (each.offset + each.length)].decode("utf-16-le")
    return None


def units(text: str) -> int:
    """The length in UTF-16 code units."""
    return len(text) + sum(1 for char in text if char > "\uffff")


def accept(text: str, entities: list[Any] | None, *, caption: bool = False) -> tuple[str, list[Any], bool]:
    """The text and entities as the server keeps them, and whether it changed either. A ``caption`` may be empty.

    Raises RpcError 400: MESSAGE_EMPTY, MESSAGE_TOO_LONG, MEDIA_CAPTION_TOO_LONG, ENTITIES_TOO_LONG,
    ENTITY_BOUNDS_INVALID.
    """
    check(text, entities)
    given = [each for each in entities or () if not isinstance(each, _ITS_OWN)]  # it looks for these itself
    cleaned = text.translate(_CONTROL)
    kept = given if cleaned == text else _shifted(given, text, removed="\r")
    head = len(cleaned) - len(cleaned.lstrip())
    result = cleaned.strip()
    if not result and not caption:
        raise RpcError(400, "MESSAGE_EMPTY")
    if units(result) > (MAX_CAPTION if caption else MAX_LENGTH):
        raise RpcError(400, "MEDIA_CAPTION_TOO_LONG" if caption else "MESSAGE_TOO_LONG")
    if head or len(result) != len(cleaned):
        kept = _clipped(kept, units(cleaned[:head]), units(result))
    found = _found(result, kept)
    changed = result != text or bool(found)
    return result, sorted([*kept, *found], key=lambda entity: (entity.offset, -entity.length)), changed


def check(text: str, entities: list[Any] | None) -> None:
    """Raise RpcError 400 ENTITIES_TOO_LONG or ENTITY_BOUNDS_INVALID for entities that do not fit the text."""
    entities = entities or []
    if len(entities) > MAX_ENTITIES:
        raise RpcError(400, "ENTITIES_TOO_LONG")
    length = units(text) if entities else 0
    for entity in entities:
        if entity.offset < 0 or entity.length <= 0 or entity.offset + entity.length > length:
            raise RpcError(400, "ENTITY_BOUNDS_INVALID")


def _shifted(entities: list[Any], text: str, *, removed: str) -> list[Any]:
    """The entities once every `removed` character is gone from the text before and inside them."""
    gone, position = [], 0
    for char in text:
        if char == removed:
            gone.append(position)
        position += 2 if char > "\uffff" else 1
    moved = []
    for entity in entities:
        before = sum(1 for where in gone if where < entity.offset)
        inside = sum(1 for where in gone if entity.offset <= where < entity.offset + entity.length)
        if entity.length > inside:
            moved.append(_moved(entity, entity.offset - before, entity.length - inside))
    return moved


def _clipped(entities: list[Any], head: int, length: int) -> list[Any]:
    """The entities of what is left when `head` units are cut off in front and only `length` are kept."""
    kept = []
    for entity in entities:
        start, end = max(entity.offset - head, 0), min(entity.offset + entity.length - head, length)
        if end > start:
            kept.append(_moved(entity, start, end - start))
    return kept


def _moved(entity: Any, offset: int, length: int) -> Any:
    fields = {name: value for name, value in vars(entity).items() if name not in ("offset", "length")}
    return type(entity)(offset=offset, length=length, **fields)


def _found(text: str, given: list[Any]) -> list[Any]:
    """The links, addresses, mentions, tags, commands and phones that the server marks by itself, outside of what the
    sender has marked as code, link or mention."""
    if not _MAY_HOLD.search(text):
        return []
    whole = [each for each in given if isinstance(each, _WHOLE)]
    found: list[Any] = []
    for pattern, kind in _FOUND:
        for match in pattern.finditer(text):
            start, length = units(text[: match.start()]), units(match.group())
            if not any(start < each.offset + each.length and each.offset < start + length for each in [*whole, *found]):
                found.append(kind(start, length))
    return found
