"""What the JSON columns of a message hold, in the shapes that pages take, whatever is stored: pure.

Rows may be older than the ranges of core's types, or written by somebody else. What has no shape is left out, so that
one row never costs the page on which it stands.
"""

from __future__ import annotations

import json
from typing import Any

from apps.chats import payloads
from tgadmin.core import formatting, types
from tgadmin.core.bounds import Check, Unfit
from tgadmin.core.facts import Facts
from tgadmin.core.formatting import from_json
from tgadmin.core.types import Entity

CANNOT_BE_SHOWN = "This message cannot be shown."
_MEDIA, _SERVICE, _PLAIN = types.MEDIA.check(), types.SERVICE.check(), Facts().check()
_DETAILS = types.DETAILS.check()


def entities(text: str | None) -> list[payloads.Entity]:
    """Formatted spans as pages take them."""
    if text is None or text == "[]":
        return []
    return [_payload(span) for span in from_json(_read(text))]


def covered(text: str | None, spans: str | None) -> str:
    """A text that is quoted without its formatting: what lies under a spoiler is covered."""
    return (text or "") if spans is None else formatting.covered(text or "", from_json(_read(spans)))


def _payload(span: Entity) -> payloads.Entity:
    made = payloads.Entity(kind=span.kind, offset=span.offset, length=span.length)
    if span.extra:
        made["extra"] = span.extra
    return made


def media(text: str | None) -> dict[str, Any] | None:
    """A message's media; None for none, and for what is none."""
    return _facts(text, _MEDIA)


def details(text: str | None) -> dict[str, Any] | None:
    """What a message bears besides; None for nothing, and for what is none."""
    return _facts(text, _DETAILS) or None


def service(text: str | None, names: str | None = None) -> dict[str, Any] | None:
    """A service message's action, with the names of the people in it by their ids ("names"); None for none, and for
    what is none."""
    found = _facts(text, _SERVICE)
    if found is None or names is None:
        return found
    return {**found, "names": {key: name for key, name in facts(names).items() if isinstance(name, str)}}


def facts(text: str | None) -> dict[str, Any]:
    """Any JSON object; an empty one for anything else."""
    return _facts(text, _PLAIN) or {}


def word(text: str | None) -> str | None:
    """A JSON text; None for anything else."""
    found = None if text is None else _read(text)
    return found if isinstance(found, str) else None


def _facts(text: str | None, check: Check) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        found: dict[str, Any] = check(_read(text))
    except Unfit:
        return None
    return found


def _read(text: str) -> Any:
    """None for what Python does not read: it nests too deep, or has a number of thousands of digits."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
