"""Whether the objects inside a request are of the types that the method declares.

Telethon's readers take any known constructor anywhere; Telegram answers 400 INPUT_CONSTRUCTOR_INVALID to a wrong one.
"""

from __future__ import annotations

import re
from typing import Any

from telethon.tl import TLObject, types

_NAME = re.compile(r"(?:(\w+)\.)?(Type\w+)")
_Shape = tuple[tuple[str, frozenset[int]], ...]
_shapes: dict[type, _Shape] = {}


def fits(request: TLObject) -> bool:
    """Whether every object in the request, however deep, has a type that its field allows."""
    for name, allowed in _shape(type(request)):
        value = getattr(request, name)
        for item in value if isinstance(value, list) else (value,):
            if item is None:
                continue
            if not isinstance(item, TLObject) or item.SUBCLASS_OF_ID not in allowed or not fits(item):
                return False
    return True


def _shape(kind: type) -> _Shape:
    """The fields of a class that hold objects, with the types (their SUBCLASS_OF_IDs) that they may have."""
    known = _shapes.get(kind)
    if known is None:
        annotations = getattr(kind.__init__, "__annotations__", {})  # type: ignore[misc]
        fields = ((name, _allowed(str(annotation))) for name, annotation in annotations.items())
        known = _shapes[kind] = tuple((name, allowed) for name, allowed in fields if allowed)
    return known


def _allowed(annotation: str) -> frozenset[int]:
    """From ``Optional[List[ForwardRef('TypeMessageEntity')]]`` to that type's id; empty for numbers and the like."""
    found = _NAME.search(annotation)
    if found is None:
        return frozenset()
    package, name = found.groups()
    union: Any = getattr(getattr(types, package, None) if package else types, name, None)
    members = getattr(union, "__args__", (union,))
    return frozenset(member.SUBCLASS_OF_ID for member in members if hasattr(member, "SUBCLASS_OF_ID"))
