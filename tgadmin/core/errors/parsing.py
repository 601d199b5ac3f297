"""Telegram's error texts and numbers as codes and kinds."""

from __future__ import annotations

import re

from tgadmin.core.bounds import INT
from tgadmin.core.errors.kinds import KINDS, Kind

_KIND_BY_NUMBER = {
    303: Kind.MIGRATE,
    400: Kind.CALLER,
    401: Kind.SESSION,
    403: Kind.RIGHTS,
    404: Kind.CALLER,
    406: Kind.REFUSED,
    420: Kind.WAIT,
    500: Kind.RETRY,
    503: Kind.RETRY,
}
_NUMBER_IN_NAME = re.compile(r"_(\d+)(MIN)?(?=_|$)", re.ASCII)
_NOT_A_NAME = re.compile(r"[^A-Z0-9]+")
_LENGTH = 64  # what the code columns hold
_SAID = 512
"""Characters of Telegram's error text that are looked at."""


def kind_of(code: str, number: int | None = None) -> Kind:
    """The kind of a code; ``number`` is what Telegram sent beside it, if that is known (negative ones count too)."""
    if (known := KINDS.get(code)) is not None:
        return known
    if number is not None:
        return _KIND_BY_NUMBER.get(abs(number), Kind.RETRY if abs(number) >= 500 else Kind.CALLER)
    return Kind.CALLER


def split_code(message: str) -> tuple[str, int | None]:
    """Telegram's error text as (code, the number in it or None). A number of minutes is given in seconds. One that no
    wait, data centre or part has is the largest that may be.

    >>> split_code("FLOOD_WAIT_30")
    ('FLOOD_WAIT', 30)
    """
    message = message[:_SAID]
    found = _NUMBER_IN_NAME.search(message)
    number = None if found is None else min(int(found[1]) * (60 if found[2] else 1), INT)
    name = _NOT_A_NAME.sub("_", _NUMBER_IN_NAME.sub("", message).upper()).strip("_")
    return name[:_LENGTH] or "UNKNOWN_ERROR", number
