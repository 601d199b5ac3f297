"""Columns of rows as PostgreSQL's array literals (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO).

psycopg writes a list element by element, in Python; here whole columns are joined and quoted at once, which takes a
tenth of the time. A literal is passed as text of unknown type: the statement's cast says what it is.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from apps.chats.columns import KEY, Column, SqlType, quoted

Array = str | list[Any]
"""What psycopg is given for an array: a literal, or a list that it writes itself."""

_BETWEEN = "\0"  # PostgreSQL's text has none, so no element contains it


class Unnest:
    """Rows as a statement takes them: an array for each column, put together again by UNNEST, under the alias ``k``.

    As text it is what comes after FROM; ``params`` makes the parameters, each under its column's name. JSON is given
    as text.
    """

    def __init__(self, types: Mapping[str, SqlType]) -> None:
        self.types = dict(types)
        arrays = ", ".join(f"%({name})s::{_given(kind)}[]" for name, kind in self.types.items())
        self.text = f"unnest({arrays}) k({self.names})"

    def __str__(self) -> str:
        return self.text

    @property
    def names(self) -> str:
        """The columns, for a statement that inserts ``values``."""
        return ", ".join(quoted(name) for name in self.types)

    @property
    def values(self) -> str:
        """The SELECT list that gives them as the table's columns take them."""
        return ", ".join(self._value(name) for name in self.types)

    @property
    def assignments(self) -> str:
        """What stands behind SET: all but the key, by which the row is found."""
        return ", ".join(f"{quoted(name)} = {self._value(name)}" for name in self.types if name != KEY)

    def params(self, rows: Iterable[tuple[Any, ...]]) -> dict[str, Array]:
        """One array per column of these rows, whose values come in the order of the columns; each column holds values
        of one type, or None. Raises ValueError for rows of another width, and for a text that cannot be stored."""
        columns = [array(column) for column in zip(*rows, strict=True)] or ["{}"] * len(self.types)
        return dict(zip(self.types, columns, strict=True))

    def _value(self, name: str) -> str:
        return f"k.{quoted(name)}{'::jsonb' if self.types[name] == 'jsonb' else ''}"


class UnnestRows(Unnest):
    """The same for these columns (two at least) of a table's rows."""

    def __init__(self, columns: Iterable[Column]) -> None:
        columns = tuple(columns)
        super().__init__({column.name: column.type for column in columns})
        self._values = attrgetter(*(column.attribute for column in columns))

    def params_of(self, rows: Iterable[Any]) -> dict[str, Array]:
        """``params`` of the columns' values in these rows."""
        return self.params(map(self._values, rows))


def _given(kind: SqlType) -> str:
    return "text" if kind == "jsonb" else kind


def array(values: Collection[Any]) -> Array:
    """An array of integers, booleans, texts or moments, each of them or None; of other types, the list itself.

    Raises ValueError for a text that PostgreSQL cannot store.
    """
    first = next((value for value in values if value is not None), None)
    if first is None:
        return "{" + ",".join(("NULL",) * len(values)) + "}"
    if isinstance(first, int):  # bool too
        return "{" + json.dumps(list(values))[1:-1] + "}"
    if isinstance(first, str):
        return _quoted(values)
    if isinstance(first, datetime):
        return _quoted([None if value is None else value.isoformat() for value in values])
    return list(values)


def _quoted(values: Collection[str | None]) -> str:
    if None in values:
        return "{" + ",".join(["NULL" if value is None else f'"{_escaped(value)}"' for value in values]) + "}"
    texts: Sequence[str] = values  # type: ignore[assignment]
    whole = _BETWEEN.join(texts)
    if whole.count(_BETWEEN) != len(texts) - 1:
        raise ValueError("a text contains NUL")
    return '{"' + _escaped(whole).replace(_BETWEEN, '","') + '"}'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
