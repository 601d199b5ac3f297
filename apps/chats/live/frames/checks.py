"""What a field of a page's frame may hold. Each check returns the value as the server uses it, or raises Mismatch with
a phrase that says what was expected; ``label`` says it in the documentation, ``js`` is its type in a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from tgadmin.core.types import Entity

MAX_DELETED = 100
"""Messages that one frame may delete."""
MAX_SPANS = 200
"""Formatted spans of a text: Telegram takes 100, and some are made one."""
MAX_EXTRA = 4096
SPAN_FIELDS = frozenset({"kind", "offset", "length", "extra"})
MAX_ACCOUNTS = 1000
"""Accounts that one frame may name."""
BIGINT = 2**63 - 1
MESSAGE_ID = 2**31 - 1


class Mismatch(ValueError):
    """``expected``: a phrase, as "must be text"; it never repeats what came."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


class Check(Protocol):
    """The check of one field."""

    @property
    def label(self) -> str: ...

    @property
    def js(self) -> str: ...

    def __call__(self, value: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from ``least`` to ``most``."""

    least: int
    most: int
    label: str
    js: str = "number"

    def __call__(self, value: Any) -> int:
        if type(value) is not int or not self.least <= value <= self.most:  # a bool is an int too
            raise Mismatch(f"must be a whole number from {self.least} to {self.most}")
        return value


@dataclass(frozen=True, slots=True)
class Uuid:
    """A UUID in its usual form of 36 characters."""

    label: str = "UUID"
    js: str = "string"

    def __call__(self, value: Any) -> UUID:
        if not isinstance(value, str) or len(value) != 36:
            raise Mismatch("must be a UUID")
        try:
            return UUID(value)
        except ValueError:
            raise Mismatch("must be a UUID") from None


@dataclass(frozen=True, slots=True)
class Text:
    """Any text; what is too long or empty is the service's affair."""

    label: str = "text"
    js: str = "string"

    def __call__(self, value: Any) -> str:
        if not isinstance(value, str):
            raise Mismatch("must be text")
        return value


@dataclass(frozen=True, slots=True)
class TextSpans:
    """A list of at most MAX_SPANS formatted spans; which of them may be sent is the service's affair."""

    label: str = f"list of at most {MAX_SPANS} `Entity`"
    js: str = "Entity[]"

    def __call__(self, value: Any) -> tuple[Entity, ...]:
        if not isinstance(value, list) or len(value) > MAX_SPANS:
            raise Mismatch(f"must be a list of at most {MAX_SPANS} spans")
        return tuple(_span(one) for one in value)


def _span(value: Any) -> Entity:
    if not isinstance(value, dict) or not {"kind", "offset", "length"} <= value.keys() <= SPAN_FIELDS:
        raise Mismatch("must hold spans with kind, offset and length, and extra perhaps")
    kind, extra = value["kind"], value.get("extra", "")
    if not isinstance(kind, str) or not isinstance(extra, str) or len(kind) > 64 or len(extra) > MAX_EXTRA:
        raise Mismatch(f"must hold spans whose kind and extra are text, extra of at most {MAX_EXTRA} characters")
    return Entity(kind, _PLACE(value["offset"]), _PLACE(value["length"]), extra)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    label: str = "true or false"
    js: str = "boolean"

    def __call__(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise Mismatch("must be true or false")
        return value


@dataclass(frozen=True, slots=True)
class RowIds:
    """A list of ``least`` to ``most`` row ids."""

    least: int
    most: int
    js: str = "number[]"

    @property
    def label(self) -> str:
        return f"list of {self.least} to {self.most:,} row ids"

    def __call__(self, value: Any) -> list[int]:
        if not isinstance(value, list) or not self.least <= len(value) <= self.most:
            raise Mismatch(f"must be a list of {self.least} to {self.most} ids")
        return [ROW_ID(one) for one in value]


ROW_ID = Whole(1, BIGINT, "row id")
TELEGRAM_ID = Whole(1, MESSAGE_ID, "Telegram's message id")
UUID_TEXT = Uuid()
TEXT = Text()
SPANS = TextSpans()
_PLACE = Whole(0, BIGINT, "whole number")
FLAG = Flag()
ROW_IDS = RowIds(1, MAX_DELETED)
ACCOUNT_IDS = RowIds(0, MAX_ACCOUNTS)
