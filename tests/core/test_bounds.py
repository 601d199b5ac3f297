"""Ranges of the core types' fields: each has one, and whatever is put into a field comes out within it."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import json
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest

from tgadmin.core import bounds, types
from tgadmin.core.bounds import EXACT, FIRST, INT, LAST, LONG, Bound, Real, Unfit, Whole, Words, clean, fit
from tgadmin.core.facts import Facts
from tgadmin.core.types import Entity, Message, Peer, PeerKind, ranges

pytestmark = pytest.mark.pure

KINDS = [kind for _, kind in inspect.getmembers(types, inspect.isclass) if dataclasses.is_dataclass(kind)]
NOW = datetime(2026, 11, 27, tzinfo=UTC)
MESSAGE = Message(7, 3, NOW, "hello")

ABSURD: tuple[Any, ...] = (
    None, True, 0, -1, 1, -5, INT, INT + 1, -INT - 1, -INT - 2, EXACT + 1, LONG, LONG + 1, -LONG - 1, -LONG - 2, 2**200,
    1.5, math.nan, math.inf, -math.inf, 1e308, "", "a", "a\0b", "\ud800", "x" * 70_000, "\0" * 70_000, b"",
    b"x" * 70_000,
    FIRST, LAST, NOW.replace(tzinfo=None), datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC),
    (), (1, -1, 2**70), (Entity("bold", -1, 5),), (Entity("bold", 0, 1),) * 5000, {}, {"kind": None}, {5: 6},
    {2**70: 1},
    {"kind": "photo", "duration": math.nan, "size": 2**70, "a\0": ["\ud800", {"b": math.inf}]}, [], object(),
    PeerKind.BOT,
)  # fmt: skip


def an_example(kind: type) -> Any:
    """One of the kind, all of whose values fit."""
    given = {one.name: _value(get_type_hints(kind, include_extras=True)[one.name]) for one in dataclasses.fields(kind)}
    return kind(**given)


def _value(hint: Any) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        plain = {int: 1, str: "a", bytes: b"a", datetime: NOW}
        return (
            plain[inner[0]]
            if inner[0] in plain
            else {"kind": "a"}
            if get_args(inner[0])[-1] is Any
            else _empty(inner[0])
        )
    if origin is tuple:
        return (_value(inner[0]),)
    if inner:
        return _value(inner[0])
    if dataclasses.is_dataclass(hint):
        return an_example(hint)  # type: ignore[arg-type]
    return True if hint is bool else next(iter(hint))


def _empty(hint: Any) -> Any:
    return (get_origin(hint) or hint)()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_field_says_its_range(kind: type) -> None:
    steps = bounds.plan(kind).steps
    ranged = [one for one in dataclasses.fields(kind) if one.type != "bool"]
    assert [name for name, _ in steps] == [one.name for one in ranged]
    made = an_example(kind)
    assert fit(made) is made
    for one in ranged:  # what is not looked at, because it is the default, has to fit
        if one.default is not dataclasses.MISSING:
            assert dict(steps)[one.name](one.default) == one.default


def test_a_field_without_a_range_is_noticed() -> None:
    for hint in (int, str, float, datetime, bytes, Any, dict[str, Any], tuple[int, ...], int | None, list[int]):
        kind = dataclasses.make_dataclass("Forgetful", [("fine", ranges.Count), ("field", hint)])
        with pytest.raises(TypeError, match=r"Forgetful\.field says no range"):
            bounds.plan(kind)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_whatever_is_in_a_field_comes_out_within_its_range(kind: type) -> None:
    made = an_example(kind)
    for one in dataclasses.fields(kind):
        for value in ABSURD if one.type != "bool" else (True, False):
            with contextlib.suppress(Unfit):
                found = fit(dataclasses.replace(made, **{one.name: value}))
                assert fit(found) is found
                assert_storable(found)


def test_an_error_names_the_field_and_not_the_value() -> None:
    with pytest.raises(Unfit, match=r"^Message\.peer_id is out of range$"):
        fit(types.NewMessage(dataclasses.replace(MESSAGE, peer_id=2**63)).message)


def assert_storable(value: Any) -> None:
    """What PostgreSQL's columns and JSON take, and of a bounded size."""
    if dataclasses.is_dataclass(value):
        for one in dataclasses.fields(value):
            assert_storable(getattr(value, one.name))
    elif isinstance(value, Enum) or value is None:
        pass
    elif isinstance(value, str):
        assert "\0" not in value
        value.encode()
        assert len(value) <= types.MAX_TEXT
    elif isinstance(value, (bytes, tuple)):
        assert len(value) <= 65_536
        for each in value if isinstance(value, tuple) else ():
            assert_storable(each)
    elif isinstance(value, datetime):
        assert FIRST <= value <= LAST
    elif isinstance(value, int):
        assert -LONG - 1 <= value <= LONG
    elif value and all(isinstance(key, int) for key in value):
        assert all(-LONG - 1 <= each <= LONG for pair in value.items() for each in pair)
    else:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        assert "\\u0000" not in text
        text.encode()
        assert len(text) < 200_000


def test_numbers_are_clamped_left_out_or_refused() -> None:
    row = types.Dialog(7, -4, 2**40, -1, INT + 1, pts=2**40)
    assert fit(row) == types.Dialog(7, 0, INT, 0, INT, pts=INT)
    assert fit(dataclasses.replace(MESSAGE, sender_id=2**63, reply_to_id=-5, ttl_period=-1)) == MESSAGE
    for identity in ({"peer_id": 2**63}, {"peer_id": 0}, {"id": 0}, {"id": 2**31}, {"id": True}, {"date": None}):
        with pytest.raises(Unfit):
            fit(dataclasses.replace(MESSAGE, **identity))  # type: ignore[arg-type]
    assert fit(types.MessagesDeleted(0, (1, -1, 2**31, 2))).ids == (1, 2)
    assert fit(types.Checkpoint(1, 2, 3, 4, {-(2**63): 5, -(2**63) - 1: 6, -7: 2**40})).channels == {
        -(2**63): 5,
        -7: INT,
    }


def test_text_is_cleaned_cut_or_left_out() -> None:
    assert clean("a\0b\ud800c") == "ab\ufffdc"
    assert clean("\0" * 9 + "x" * 9, 5) == "xxxxx"
    assert clean("literal \\u0000 stays") == "literal \\u0000 stays"
    peer = fit(Peer(7, PeerKind.USER, "n\0" * 400, username="\ud800" * 100, phone="1" * 50))
    assert (len(peer.name), peer.username, len(peer.phone)) == (255, "\ufffd" * 64, 20)
    assert Words(5, cut=False).check()("12345") == "12345"
    with pytest.raises(Unfit):
        Words(5, cut=False).check()("123456")


def test_facts_keep_what_json_and_a_browser_take() -> None:
    check = Facts({"size": Whole(0, 9), "at": Real(-1, 1)}, kind=True).check()
    wrong = {"kind": "", "size": 10, "at": math.nan, "big": 2**60, "list": [math.inf, 1, "a\0", object()], 5: 6}
    assert check(wrong) == {"kind": "unknown", "list": [1, "a"]}
    assert check({"kind": "x", "size": 9, "at": 1, "text": "\\u0000"}) == {
        "kind": "x",
        "size": 9,
        "at": 1,
        "text": "\\u0000",
    }
    deep: Any = "end"
    for _ in range(100_000):
        deep = [deep]
    assert json.dumps(check({"kind": "x", "deep": deep})) == '{"kind": "x", "deep": [[[[[]]]]]}'
    wide = check({f"m{number}": ["x" * 50_000] * 50 for number in range(1000)})
    assert len(json.dumps(wide)) < 200_000


def test_spans_are_the_first_that_fit() -> None:
    spans = [Entity("bold", number % 3 - 1, 1, "x" * 100) for number in range(1900)]
    (found,) = {fit(dataclasses.replace(MESSAGE, entities=tuple(spans))).entities}
    assert len(found) == types.MAX_SPANS
    assert [each.offset for each in found[:4]] == [0, 1, 0, 1]
    assert sum(len(each.extra) for each in found) <= types.SPANS.extra


SHAPES: dict[str, Callable[[int], Any]] = {
    "text": lambda n: dataclasses.replace(MESSAGE, text="\0a\U0001f600\ud800" * n),
    "spans": lambda n: dataclasses.replace(MESSAGE, entities=tuple(Entity("bold", i, 1) for i in range(n))),
    "wrong spans": lambda n: dataclasses.replace(MESSAGE, entities=tuple(Entity("bold", -1, 1) for _ in range(n))),
    "members": lambda n: dataclasses.replace(MESSAGE, media={f"m{i}": i for i in range(n)}),
    "lists": lambda n: dataclasses.replace(MESSAGE, media={"a": [[math.nan] * 10 for _ in range(n)]}),
    "ids": lambda n: types.MessagesDeleted(0, tuple(range(-n, n))),
    "channels": lambda n: types.Checkpoint(1, 1, 1, 1, dict.fromkeys(range(1, n), 2**40)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_twice_as_much_takes_twice_as_long(name: str) -> None:
    """At most: processor time of this thread, the best of some runs; what is quadratic would take sixteen times as long
    for four times as much."""

    def seconds(size: int) -> float:
        made = SHAPES[name](size)
        runs = []
        for _ in range(3):
            began = time.thread_time()
            fit(made)
            runs.append(time.thread_time() - began)
        return min(runs)

    assert seconds(20_000) < 9 * max(seconds(5_000), 0.0002)


def test_bounds_are_said_once() -> None:
    """Every name of a bound in core's types is a Bound, or an annotation with one."""
    named = [value for value in vars(ranges).values() if get_origin(value) is Annotated]
    assert len(named) > 8
    assert all(isinstance(get_args(value)[1], Bound) for value in named)
