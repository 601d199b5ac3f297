"""Frames that a page may send on the live socket: their fields, strictly checked (docs/socket-protocol.md)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

from tgadmin.core.frames import is_text
from tgadmin.core.said import Said

MAX_BYTES = 64 * 1024
"""Size of a frame in UTF-8; a message of 4,096 characters takes at most 24 KB of it."""

MAX_REF = 64
MAX_DELETED = 100
BIGINT = 2**63 - 1
MESSAGE_ID = 2**31 - 1

Check = Callable[[Any], Any]


class MalformedError(ValueError):
    """Not a frame at all: the connection is closed (4400)."""


class InvalidError(ValueError):
    """A frame whose fields are wrong: answered with an error frame, the connection stays."""

    def __init__(self, says: str, ref: str | None) -> None:
        super().__init__(says)
        self.says = says
        self.ref = ref


@dataclass(frozen=True, slots=True)
class Frame:
    """A valid frame; ``values`` holds exactly the fields of its type, optional ones as None when they were absent."""

    type: str
    ref: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    check: Check
    optional: bool = False


def _number(least: int, most: int) -> Check:
    def check(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise Said(f"must be a whole number from {least} to {most}")
        return value

    return check


def _uuid(value: Any) -> UUID:
    if not isinstance(value, str) or len(value) != 36:
        raise Said("must be a UUID")
    try:
        return UUID(value)
    except ValueError:
        raise Said("must be a UUID") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Said("must be text")
    return value


def _ids(value: Any) -> list[int]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_DELETED:
        raise Said(f"must be a list of 1 to {MAX_DELETED} ids")
    return [_row(one) for one in value]


_row = _number(1, BIGINT)
_telegram_id = _number(1, MESSAGE_ID)

FIELDS: dict[str, dict[str, Field]] = {
    "hello": {
        "version": Field(_number(0, 1000)),
    },
    "ping": {},
    "list": {"session": Field(_row)},
    "open": {
        "chat": Field(_row),
        "epoch": Field(_uuid, optional=True),
        "after": Field(_number(0, BIGINT), optional=True),
    },
    "close": {},
    "send": {
        "chat": Field(_row),
        "cid": Field(_uuid),
        "text": Field(_text),
        "reply_to": Field(_telegram_id, optional=True),
    },
    "retry": {"message": Field(_row)},
    "discard": {"message": Field(_row)},
    "reveal": {"message": Field(_row)},
    "edit": {"message": Field(_row), "text": Field(_text)},
    "delete": {"messages": Field(_ids)},
    "read": {"chat": Field(_row), "max_id": Field(_telegram_id)},
    "typing": {"chat": Field(_row)},
    "history": {"chat": Field(_row), "before": Field(_number(0, MESSAGE_ID))},
}


def parse(text: str) -> Frame:
    """The frame in ``text``. Raises MalformedError, InvalidError."""
    try:
        text.encode()
        data = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise MalformedError("not JSON") from None
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        raise MalformedError("not an object with a type")
    ref = data.pop("ref", None)
    if ref is not None and not (isinstance(ref, str) and len(ref) <= MAX_REF and is_text(ref)):
        raise InvalidError(f"ref: must be text of at most {MAX_REF} characters.", None)
    try:
        sound = _is_text(data)
    except RecursionError:
        raise MalformedError("too deep") from None
    if not sound:
        raise InvalidError("Something in it is not text: it holds half of a surrogate pair.", ref)
    kind = data.pop("type")
    fields = FIELDS.get(kind)
    if fields is None:
        raise InvalidError("There is no such frame.", ref)
    return Frame(kind, ref, _values(fields, data, ref))


def _is_text(data: dict[str, Any]) -> bool:
    """Whether UTF-8 has bytes for all texts in it, however deep: JSON's escapes can write others."""
    return is_text(json.dumps(data, ensure_ascii=False))


def _values(fields: dict[str, Field], data: dict[str, Any], ref: str | None) -> dict[str, Any]:
    if unknown := data.keys() - fields.keys():
        raise InvalidError(f"{len(unknown)} unknown field(s).", ref)
    values: dict[str, Any] = {}
    for name, field in fields.items():
        given = data.get(name)
        if given is None:
            if not field.optional:
                raise InvalidError(f"{name}: is missing.", ref)
            values[name] = None
            continue
        try:
            values[name] = field.check(given)
        except Said as error:
            raise InvalidError(f"{name}: {error.says}.", ref) from None
    return values


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
