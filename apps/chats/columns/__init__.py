"""What a table's columns are called, which type they have and who writes them: said once, in a class of a row.

A row's class is a dataclass whose fields are the columns, each annotated with a ``Column``. ``Table.of`` reads it, and
every statement of the inbox's path, and what the pages read, is made from that when the module is loaded: no statement
and no caller counts columns. docs/recipes.md says how to add one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from types import NoneType
from typing import Any, Literal, get_args, get_type_hints

SqlType = Literal["bigint", "boolean", "bytea", "integer", "jsonb", "text", "timestamptz", "uuid"]
"""PostgreSQL's names; ``text`` is varchar too, whose length is the model's and the writer's affair."""

KEY = "id"
"""The primary key's name."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that the inbox reads and writes.

    ``once``: it is written with a new row and never changes. ``arrived``: it is what Telegram's message says; when two
    rows turn out to be the same message, the one that stays takes it from the one under which it had arrived. ``name``
    is the column's; it and ``attribute``, the row's, are the field's unless one says otherwise. ``nullable`` is read
    from the field's type.
    """

    type: SqlType
    once: bool = False
    arrived: bool = False
    name: str = ""
    attribute: str = ""
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A column that the inbox leaves alone, and why; pages may read it."""

    type: SqlType
    why: str


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a table in the order of the row's fields, and those that are written elsewhere, by name."""

    name: str
    columns: tuple[Column, ...]
    elsewhere: Mapping[str, Elsewhere]

    @classmethod
    def of(cls, name: str, row: type[Any], elsewhere: Mapping[str, Elsewhere]) -> Table:
        """The table of a row's dataclass. Raises TypeError for a field that is not annotated with a Column."""
        hints = get_type_hints(row, include_extras=True)
        return cls(name, tuple(_column(field.name, hints[field.name]) for field in fields(row)), elsewhere)

    @property
    def made(self) -> tuple[Column, ...]:
        """Those that a row is made of whose id its sequence gives."""
        return tuple(column for column in self.columns if column.name != KEY)

    @property
    def changing(self) -> tuple[Column, ...]:
        """Those that an update writes, and the row's id, by which it finds the row."""
        return tuple(column for column in self.columns if column.name == KEY or not column.once)

    @property
    def arrived(self) -> tuple[str, ...]:
        """The attributes that Telegram's message fills; rows and Django's models have them under the same names."""
        return tuple(column.attribute for column in self.columns if column.arrived)

    @property
    def types(self) -> dict[str, SqlType]:
        """Every column's type by name."""
        return {column.name: column.type for column in self.columns} | {
            name: column.type for name, column in self.elsewhere.items()
        }

    def row(self, alias: str) -> str:
        """The SELECT list of a whole row, in the order of its class: ``Row(*values)`` makes one of what comes."""
        return self.select((column.name for column in self.columns), alias)

    def select(self, names: Iterable[str], alias: str, computed: Mapping[str, str] | None = None) -> str:
        """The SELECT list for ``names``, in that order: columns of the table under ``alias``, JSON as text; where
        ``computed`` has the name, its expression. Raises ValueError for a name that is neither, or not asked for."""
        names, computed, types = tuple(names), computed or {}, self.types
        if unknown := {name for name in names if name not in computed and name not in types}:
            raise ValueError(f"{self.name} has no {', '.join(sorted(unknown))}")
        if unused := computed.keys() - set(names):
            raise ValueError(f"nobody asks for {', '.join(sorted(unused))}")
        return ", ".join(computed.get(name) or _read(alias, name, types[name]) for name in names)


def quoted(name: str) -> str:
    """A column's name as a statement takes it, whatever PostgreSQL's own words are (``left`` is one)."""
    return f'"{name}"'


def _read(alias: str, name: str, kind: SqlType) -> str:
    return f"{alias}.{quoted(name)}{'::text' if kind == 'jsonb' else ''}"


def _column(attribute: str, hint: Any) -> Column:
    kind, *extras = get_args(hint) or (hint,)
    found = next((extra for extra in extras if isinstance(extra, Column)), None)
    if found is None:
        raise TypeError(f"{attribute} has no Column")
    return replace(found, name=found.name or attribute, attribute=attribute, nullable=NoneType in get_args(kind))
