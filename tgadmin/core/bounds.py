"""Which values a core type's fields may hold, and how others are made to fit.

A field says its range in its annotation, as ``unread: Annotated[int, Whole(0, INT, clamp=True)]``; types/ranges.py has
names for them. ``fit`` makes a whole object fit. A value out of range is clamped where its bound says so. Otherwise it
is left out where the field may be None, and in tuples; where the object makes no sense without it, ``Unfit`` is raised.
It takes time that grows with the input, and what comes out is bounded. Flags and enums are their own range.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from itertools import compress, islice
from operator import attrgetter, is_not
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

INT = 2**31 - 1
LONG = 2**63 - 1
EXACT = 2**53 - 1
"""The largest whole number that every reader of JSON takes as it is."""
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC)
"""Telegram's times are seconds since 1970 in 32 bits."""
_BETWEEN = (FIRST.year - 1, LAST.year)
_NUL = "\0"
_SURROGATE = re.compile("[\ud800-\udfff]")
_T = TypeVar("_T")
Check = Callable[[Any], Any]
"""Gives the value itself if it fits, or one that does. Raises Unfit."""


class Unfit(ValueError):
    """No value that fits can be made. ``name`` is the field's: the error's text never holds the value."""

    def __init__(self, name: str = "a value") -> None:
        super().__init__(f"{name} is out of range")
        self.name = name


def clean(text: str | None, length: int | None = None) -> str:
    """The text without NUL, which PostgreSQL refuses, and with lone surrogates replaced; at most ``length`` long."""
    if not text:
        return ""
    if _NUL in text:
        text = text.replace(_NUL, "")
    if length is not None and len(text) > length:
        text = text[:length]
    return text if _is_whole(text) else _SURROGATE.sub("\ufffd", text)


def _is_whole(text: str) -> bool:
    """Without lone surrogates."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Bound:
    """A range. ``check`` is called once per field of a type, what it returns once per value."""

    def check(self) -> Check:
        raise NotImplementedError


@dataclass(frozen=True)
class Whole(Bound):
    """A whole number; ``clamp``: one beyond becomes the nearest that fits. ``nought`` says whether 0 fits."""

    least: int
    most: int
    clamp: bool = False
    nought: bool = True

    def check(self) -> Check:
        least, most, nought = self.least, self.most, self.nought

        def check(value: Any) -> Any:
            if value.__class__ is int and least <= value <= most and (value or nought):
                return value
            return self._repaired(value)

        return check

    def _repaired(self, value: Any) -> int:
        if not self.clamp or not isinstance(value, int):
            raise Unfit
        return min(max(int(value), self.least), self.most)


@dataclass(frozen=True)
class Real(Bound):
    """A number that is one: no NaN, no infinity."""

    least: float
    most: float

    def check(self) -> Check:
        def check(value: Any) -> Any:
            if isinstance(value, (int, float)) and self.least <= value <= self.most:
                return value
            raise Unfit

        return check


@dataclass(frozen=True)
class Words(Bound):
    """Text that PostgreSQL and JSON take, of at most so many characters; more is cut off, or if not ``cut``, does not
    fit: half an address leads elsewhere."""

    most: int
    cut: bool = True

    def check(self) -> Check:
        most, cut = self.most, self.cut

        def check(value: Any) -> Any:
            if value.__class__ is str and len(value) <= most and _NUL not in value and _is_whole(value):
                return value
            if not isinstance(value, str) or not (cut or len(value) <= most):
                raise Unfit
            return clean(value, most)

        return check


@dataclass(frozen=True)
class Times(Bound):
    """A moment that Telegram can mean; one before or after becomes the first or the last."""

    def check(self) -> Check:
        def check(value: Any) -> Any:
            if value.__class__ is datetime and value.tzinfo is UTC and _BETWEEN[0] < value.year < _BETWEEN[1]:
                return value
            if not isinstance(value, datetime):
                raise Unfit
            moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
            return moment if FIRST <= moment <= LAST else min(max(moment, FIRST), LAST)

        return check


@dataclass(frozen=True)
class Data(Bound):
    """Bytes, of which at most so many are kept."""

    most: int

    def check(self) -> Check:
        def check(value: Any) -> Any:
            if not isinstance(value, bytes):
                raise Unfit
            return value if len(value) <= self.most else value[: self.most]

        return check


@dataclass(frozen=True)
class Pairs(Bound):
    """A dict of numbers by numbers; a pair of which one does not fit is left out."""

    keys: Whole
    values: Whole

    def check(self) -> Check:
        key_fits, value_fits = self.keys.check(), self.values.check()

        def check(pairs: Any) -> Any:
            if not isinstance(pairs, dict):
                raise Unfit
            made = {}
            for key, value in pairs.items():
                try:
                    made[key_fits(key)] = value_fits(value)
                except Unfit:
                    continue
            return pairs if made == pairs else made

        return check


@dataclass(frozen=True)
class Spans(Bound):
    """Formatted spans: the first ``most`` that fit, with at most ``extra`` characters beside the text in all."""

    most: int
    extra: int

    def check(self) -> Check:
        def check(spans: Any) -> Any:
            if not isinstance(spans, tuple):
                raise Unfit
            made = self.first(spans)
            return spans if made == spans else made

        return check

    def first(self, spans: Iterable[Any]) -> tuple[Any, ...]:
        """Those kept, in their order; of what comes, twice as many are looked at."""
        kept: list[Any] = []
        left = self.extra
        for span in islice(spans, 2 * self.most):
            try:
                fitting = fit(span)
            except (Unfit, TypeError):  # or no object at all
                continue
            left -= len(fitting.extra)
            kept.append(fitting if left >= 0 else replace(fitting, extra=""))
            if len(kept) == self.most:
                break
        return tuple(kept)


def fit(value: _T) -> _T:
    """The object itself if everything in it fits, or one like it that does. Raises Unfit."""
    steps, given, defaults = _plans.get(value.__class__) or plan(value.__class__)
    better: dict[str, Any] = {}
    for name, check in compress(steps, map(is_not, given(value), defaults)):
        before = getattr(value, name)
        try:
            made = check(before)
        except Unfit:
            raise Unfit(f"{type(value).__name__}.{name}") from None
        if made is not before:
            better[name] = made
    return replace(value, **better) if better else value  # type: ignore[type-var]


class Plan(NamedTuple):
    """How objects of a dataclass are looked at: each field with its check, all values at once, and the defaults, which
    fit and need no look. Flags need none either: mypy sees to them."""

    steps: tuple[tuple[str, Check], ...]
    values: Callable[[Any], tuple[Any, ...]]
    defaults: tuple[Any, ...]


_plans: dict[Any, Plan] = {}


def plan(kind: Any) -> Plan:
    """Raises TypeError for a field that says no range."""
    found = _plans.get(kind)
    if found is None:
        found = _plans[kind] = _made(kind)
    return found


def _made(kind: Any) -> Plan:
    hints = get_type_hints(kind, include_extras=True)
    found = [one for one in fields(kind) if hints[one.name] is not bool]
    names = [one.name for one in found]
    values = attrgetter(*names) if len(names) > 1 else _alone(names[0])
    steps = tuple((name, check_of(hints[name], f"{kind.__name__}.{name}")) for name in names)
    return Plan(steps, values, tuple(one.default for one in found))


def _alone(name: str) -> Callable[[Any], tuple[Any, ...]]:
    return lambda value: (getattr(value, name),)


def check_of(hint: Any, name: str) -> Check:
    """The check that an annotation asks for. Raises TypeError for one that says no range."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        bounds = [each for each in arguments[1:] if isinstance(each, Bound)]
        if len(bounds) == 1:
            return bounds[0].check()
    elif origin in (Union, types.UnionType):
        return _union(arguments, name)
    elif origin is tuple and arguments[1:] == (...,):
        return _each(check_of(arguments[0], name))
    elif isinstance(hint, type) and is_dataclass(hint):
        plan(hint)
        return _one_of({hint})
    elif isinstance(hint, type) and (hint is bool or issubclass(hint, Enum)):
        return _of_type(hint)
    raise TypeError(f"{name} says no range")


def _union(arguments: tuple[Any, ...], name: str) -> Check:
    """Of dataclasses, or of something and None: then what does not fit is left out."""
    some = [each for each in arguments if each is not type(None)]
    checks = [check_of(each, name) for each in some]
    if len(some) == len(arguments):
        if not all(is_dataclass(each) for each in some):
            raise TypeError(f"{name} says no range")
        return _one_of(set(some))
    if len(some) > 1:
        raise TypeError(f"{name} says no range")
    check = checks[0]

    def optional(value: Any) -> Any:
        if value is None:
            return None
        try:
            return check(value)
        except Unfit:
            return None

    return optional


def _one_of(kinds: set[Any]) -> Check:
    def checked(value: Any) -> Any:
        if value.__class__ not in kinds:
            raise Unfit
        return fit(value)

    return checked


def _each(check: Check) -> Check:
    def checked(values: Any) -> Any:
        if not isinstance(values, tuple):
            raise Unfit
        made = []
        for value in values:
            try:
                made.append(check(value))
            except Unfit:
                continue
        same = len(made) == len(values) and all(a is b for a, b in zip(made, values, strict=True))
        return values if same else tuple(made)

    return checked


def _of_type(kind: type) -> Check:
    def check(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        raise Unfit

    return check
