"""JSON objects as the database and browsers take them: what media, service messages and forwards are said in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from tgadmin.core.bounds import EXACT, Bound, Check, Unfit, clean


@dataclass
class _Left:
    """How much of a JSON value may still come."""

    members: int = 1000
    characters: int = 65_536


@dataclass(frozen=True, eq=False)
class Facts(Bound):
    """A JSON object: ``known`` members have ranges of their own, others are texts, exact numbers, flags, and lists and
    objects of these. What does not fit is left out. ``kind``: it has one, whatever happens."""

    known: Mapping[str, Bound] = field(default_factory=dict)
    kind: bool = False

    DEPTH = 4
    TEXT = 16_384
    NAME = 64

    def check(self) -> Check:
        checks = {name: bound.check() for name, bound in self.known.items()}

        def check(value: Any) -> Any:
            if not isinstance(value, dict):
                raise Unfit
            made = _object(value, checks, _Left(), self.DEPTH)
            if self.kind and not (isinstance(made.get("kind"), str) and made["kind"]):
                made["kind"] = "unknown"
            return value if made == value else made

        return check


def _object(value: Mapping[Any, Any], checks: Mapping[str, Check], left: _Left, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, each in islice(value.items(), left.members):
        if not isinstance(key, str):
            continue
        name = clean(key, Facts.NAME)
        try:
            check = checks.get(name)
            made[name] = _json(each, left, depth) if check is None or each is None else check(each)
        except Unfit:
            continue
    return made


def _json(value: Any, left: _Left, depth: int) -> Any:
    left.members -= 1
    if left.members < 0 or depth < 0:
        raise Unfit
    if isinstance(value, str):
        text = clean(value, min(Facts.TEXT, left.characters))
        left.characters -= len(text)
        return text
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return _number(value)
    return _members(value, left, depth)


def _number(value: float) -> float:
    fits = math.isfinite(value) if isinstance(value, float) else -EXACT <= value <= EXACT
    if not fits:
        raise Unfit
    return value


def _members(value: Any, left: _Left, depth: int) -> Any:
    if isinstance(value, dict):
        return _object(value, {}, left, depth - 1)
    if not isinstance(value, (list, tuple)):
        raise Unfit
    made = []
    for each in islice(value, max(left.members, 0)):
        try:
            made.append(_json(each, left, depth - 1))
        except Unfit:
            continue
    return made
