"""The declarations of the live socket's frames, taken apart: for the pages that are made of them, and to tell whether a
frame is as it is declared."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

from apps.chats.live.frames.outgoing import Outgoing


@dataclass(frozen=True)
class Declared:
    """A field of a TypedDict: its type without what is said about it; ``meaning`` is empty for ``type``."""

    name: str
    type: Any
    optional: bool
    meaning: str


@functools.cache
def declared(shape: type) -> list[Declared]:
    """The fields, ``type`` first."""
    found = [_declared(name, hint) for name, hint in get_type_hints(shape, include_extras=True).items()]
    return sorted(found, key=lambda field: field.name != "type")


def _declared(name: str, hint: Any) -> Declared:
    optional = get_origin(hint) is NotRequired
    if optional:
        (hint,) = get_args(hint)
    meaning = ""
    if get_origin(hint) is Annotated:
        meaning = " ".join(one for one in hint.__metadata__ if isinstance(one, str))
        hint = hint.__origin__
    return Declared(name, hint, optional, meaning)


@functools.cache
def outgoing() -> dict[str, type]:
    """The server's frames by their names on the wire."""
    return {get_args(get_type_hints(shape)["type"])[0]: shape for shape in get_args(Outgoing)}


def typed_dicts(module: types.ModuleType) -> list[type]:
    """The TypedDicts that a module declares, in their order."""
    return [one for one in vars(module).values() if is_typeddict(one) and one.__module__ == module.__name__]


def about(shape: type) -> str:
    """The first paragraph of its docstring, on one line."""
    return " ".join((inspect.getdoc(shape) or "").split("\n\n")[0].split())


def is_union(kind: Any) -> bool:
    return get_origin(kind) in (typing.Union, types.UnionType)


def faults(frame: dict[str, Any]) -> list[str]:
    """Where a frame from the server differs from its declaration."""
    shape = outgoing().get(frame.get("type", ""))
    return [f"no such frame: {frame.get('type')}"] if shape is None else list(_faults(frame, shape, frame["type"]))


def _faults(value: Any, kind: Any, place: str) -> Iterator[str]:
    if is_typeddict(kind):
        yield from _object_faults(value, kind, place)
    elif get_origin(kind) is list:
        if not isinstance(value, list):
            yield f"{place}: no list"
            return
        for at, one in enumerate(value):
            yield from _faults(one, get_args(kind)[0], f"{place}[{at}]")
    elif not _is_of(value, kind):
        yield f"{place}: {value!r} is not {kind}"


def _object_faults(value: Any, shape: type, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: no object"
        return
    fields = {field.name: field for field in declared(shape)}
    for name in value.keys() - fields.keys():
        yield f"{place}.{name}: not declared"
    for name, field in fields.items():
        if name in value:
            yield from _faults(value[name], field.type, f"{place}.{name}")
        elif not field.optional:
            yield f"{place}.{name}: missing"


def _is_of(value: Any, kind: Any) -> bool:
    if kind is Any:
        return True
    if is_union(kind):
        return any(not list(_faults(value, one, "")) for one in get_args(kind))
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) is dict:
        return isinstance(value, dict) and all(isinstance(name, str) for name in value)
    return type(value) is kind
