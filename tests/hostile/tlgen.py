"""TL objects by chance: any constructor of the layer, with arguments of the right types and of the worst values."""

from __future__ import annotations

import inspect
import random
import re
import typing
from datetime import UTC, datetime
from functools import cache
from typing import Any

from telethon import types as T  # noqa: N812
from telethon.tl import types as TT  # noqa: N812

EPOCH = datetime.fromtimestamp(0, UTC)
INT = (0, 1, -1, 2, 100, 4096, 2**31 - 1, -(2**31), 86_400)
LONG = (*INT, 2**63 - 1, -(2**63), 2**53, -(2**53), 10**12, -(10**12), 10**12 + 1, 2**32, 2**31)
FLOAT = (0.0, -0.0, 1.5, float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324)
TIMES = tuple(datetime.fromtimestamp(second, UTC) for second in (0, -1, -(2**31), 2**31 - 1, 1_795_000_000))
TEXTS = (
    "", "a", "\0", "a\0b", "\0" * 50, "hello world", "\\u0000", "\\\\u0000", "\\", '"', "{", "}", "NULL", "'; --",
    "\u202eevil\u202c", "\U0001f600" * 5, "\U0001f600\0" * 9, "x" * 300, "e\u0301" * 40, "\ufffe\uffff", "\r\n\t",
    "https://x.example/?a=1", "javascript:alert(1)", "</script>", "\U0010ffff", "\x1b[31m", "\u2028", "مرحبا",
    "1e999", "Infinity", "constructor", "__proto__",
)  # fmt: skip
LONG_TEXTS = ("y" * 5000, "z\0" * 20_000, "\U0001f4a9" * 40_000)
FEW_IDS = tuple(range(1, 9))
"""Of people and rooms: so that chats have more than one message."""
_ALWAYS = frozenset({"date", "message", "media", "fwd_from", "entities", "action"})
"""Optional arguments of a message that are mostly there."""

Argument = tuple[str, Any, str]
"""Name, annotation, and the letter with which it is written (``q`` for a long)."""


@cache
def arguments(kind: Any) -> tuple[Argument, ...]:
    """What a constructor takes."""
    try:
        source = inspect.getsource(kind._bytes)
    except (OSError, TypeError, AttributeError):
        source = ""
    letters = {name: letter for letter, name in re.findall(r"struct\.pack\('<(\w)', self\.(\w+)\)", source)}
    letters |= {name: letter for letter, name in re.findall(r"struct\.pack\('<(\w)', x\) for x in self\.(\w+)", source)}
    plain = list(inspect.signature(kind.__init__).parameters.values())[1:]
    plain = [each for each in plain if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    return tuple((each.name, each.annotation, letters.get(each.name, "i")) for each in plain)


@cache
def constructors(name: str) -> tuple[Any, ...]:
    """Those of an abstract type, as ``TypeUpdate``."""
    found = getattr(TT, name, None)
    named = typing.get_args(found) or ((found,) if isinstance(found, type) else ())
    made = [getattr(TT, each.__forward_arg__, None) if isinstance(each, typing.ForwardRef) else each for each in named]
    return tuple(each for each in made if isinstance(each, type))


class Generator:
    """The same objects for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._left = 0

    def make(self, kind: Any, depth: int = 0) -> Any:
        if depth == 0:
            self._left = self.random.choice((30, 400, 400))
        given = {name: self._value(kind, name, hint, letter, depth) for name, hint, letter in arguments(kind)}
        return kind(**given)

    def bytes_of(self, kinds: typing.Sequence[Any]) -> bytes:
        """One object of some of these kinds as TL: drawn again where flags that belong together do not agree."""
        while True:
            try:
                return bytes(self.make(self.random.choice(kinds)))
            except (AssertionError, TypeError):  # or a type that other namespaces of the layer keep
                continue

    def _value(self, kind: Any, name: str, hint: Any, letter: str, depth: int) -> Any:
        self._left -= 1
        hint = hint.__forward_arg__ if isinstance(hint, typing.ForwardRef) else hint
        origin, inner = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Union:
            return self._optional(kind, name, inner, letter, depth)
        if origin is list:
            return self._vector(kind, name, inner[0], letter, depth)
        if isinstance(hint, str) or (isinstance(hint, type) and hint.__module__.startswith("telethon")):
            return self._object(hint, depth)
        return self._plain(name, hint, letter)

    def _optional(self, kind: Any, name: str, inner: Any, letter: str, depth: int) -> Any:
        some = [each for each in inner if each is not type(None)]
        likely = 0.9 if name in _ALWAYS and kind in (T.Message, T.MessageService) else 0.45
        if len(some) < len(inner) and (depth > 5 or self._left < 0 or self.random.random() > likely):
            return None
        return self._value(kind, name, self.random.choice(some), letter, depth)

    def _vector(self, kind: Any, name: str, hint: Any, letter: str, depth: int) -> list[Any]:
        if depth > 5 or self._left < 0:
            return []
        count = self.random.choice((0, 1, 1, 2, 3, 3, 200 if depth < 3 else 3))
        return [self._value(kind, name, hint, letter, depth + 1) for _ in range(count) if self._left >= 0]

    def _object(self, hint: Any, depth: int) -> Any:
        kinds = constructors(hint) if isinstance(hint, str) else (hint,)
        if not kinds:
            return None
        deep = depth > 5 or self._left < 0
        kind = min(kinds, key=lambda one: len(arguments(one))) if deep else self.random.choice(kinds)
        return self.make(kind, depth + 1)

    def _plain(self, name: str, hint: Any, letter: str) -> Any:
        chance = self.random
        if hint is int:
            return self._number(name, letter)
        if hint is str:
            return chance.choice(TEXTS) if chance.random() < 0.99 else chance.choice(LONG_TEXTS)
        if hint is bytes:
            return chance.randbytes(chance.choice((0, 1, 8, 32, 300)))
        if hint is bool:
            return chance.random() < 0.5
        if hint is float:
            return chance.choice(FLOAT)
        return chance.choice(TIMES) if hint is datetime else None

    def _number(self, name: str, letter: str) -> int:
        if self.random.random() < 0.06:
            return self.random.choice(LONG if letter == "q" else INT)
        if name == "id" and letter == "i":
            return self.random.randint(1, 2**31 - 1)
        if name.endswith("_id") or name == "id":
            return self.random.choice(FEW_IDS)
        return self.random.choice(LONG if letter == "q" else INT)
