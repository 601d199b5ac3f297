"""Reads what a page sends: a frame of ``incoming``, with its fields strictly checked (docs/socket-protocol.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, NoReturn, get_type_hints

from apps.chats.live.frames.checks import Check, Mismatch
from apps.chats.live.frames.incoming import TYPES, Request
from tgadmin.core.errors import UserError
from tgadmin.core.frames import is_text

MAX_BYTES = 64 * 1024
"""Size of a frame in UTF-8; a message of 4,096 characters takes at most 24 KB of it, its formatting the rest."""

MAX_REF = 64
"""Characters of a ``ref``."""


class MalformedError(ValueError):
    """Not a frame at all: the connection is closed (4400)."""


class InvalidError(UserError):
    """A frame whose fields are wrong: answered with an error frame, the connection stays."""

    code = "INVALID"

    def __init__(self, message: str, ref: str | None) -> None:
        super().__init__(self.code, message)
        self.ref = ref


@dataclass(frozen=True, slots=True)
class Field:
    """A field as its declaration has it; ``meaning`` is for people."""

    check: Check
    optional: bool
    meaning: str


def declared(request: type[Request]) -> dict[str, Field]:
    """The fields of a frame, in their order, without ``ref``, which all have."""
    hints = get_type_hints(request, include_extras=True)
    found: dict[str, Field] = {}
    for field in fields(request):
        if field.name != "ref":
            check, meaning = hints[field.name].__metadata__
            found[field.name] = Field(check, field.default is not MISSING, meaning)
    return found


FIELDS: Mapping[str, Mapping[str, Field]] = {name: declared(request) for name, request in TYPES.items()}


def parse(text: str) -> Request:
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
    request = TYPES.get(kind)
    if request is None:
        raise InvalidError("There is no such frame.", ref)
    return request(ref=ref, **_values(FIELDS[kind], data, ref))


def _is_text(data: dict[str, Any]) -> bool:
    """Whether UTF-8 has bytes for all texts in it, however deep: JSON's escapes can write others."""
    return is_text(json.dumps(data, ensure_ascii=False))


def _values(known: Mapping[str, Field], data: dict[str, Any], ref: str | None) -> dict[str, Any]:
    """The fields that were given, checked. Raises InvalidError."""
    if unknown := data.keys() - known.keys():
        raise InvalidError(f"{len(unknown)} unknown field(s).", ref)
    values: dict[str, Any] = {}
    for name, field in known.items():
        given = data.get(name)
        if given is None:
            if not field.optional:
                raise InvalidError(f"{name}: is missing.", ref)
            continue
        try:
            values[name] = field.check(given)
        except Mismatch as error:
            raise InvalidError(f"{name}: {error.expected}.", ref) from None
    return values


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
