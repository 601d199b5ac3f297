"""Each table's columns are declared once: as the models have them, and every statement writes and reads them all."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from types import NoneType
from typing import Annotated, Any, get_args, get_type_hints

import psycopg
import pytest
from django.db import connection, models

from apps.chats.columns import Column, Elsewhere, Table
from apps.chats.columns.chats import CHAT_TABLE, ChatColumns
from apps.chats.columns.messages import MESSAGE_TABLE, MessageColumns
from apps.chats.models import Chat, Message
from apps.chats.selectors import lists, messages
from apps.chats.services.record import sql
from apps.chats.services.record.arrays import UnnestRows, array
from tests.kit.record import T0, Kit, kit, leased
from tgadmin.gateway.database import parameters

__all__ = ["kit", "leased"]

TABLES: list[tuple[Table, type[Any], type[models.Model]]] = [
    (MESSAGE_TABLE, MessageColumns, Message),
    (CHAT_TABLE, ChatColumns, Chat),
]
by_table = pytest.mark.parametrize(("table", "row", "model"), TABLES, ids=["messages", "chats"])

OWN_NAMES = {"timestamp with time zone": "timestamptz"}
"""Types that Django calls otherwise."""
PYTHON = {"bigint": int, "boolean": bool, "integer": int, "jsonb": str, "text": str, "timestamptz": datetime,
          "uuid": uuid.UUID}  # fmt: skip


def sql_type(field: models.Field[Any, Any]) -> str:
    kind = str(field.db_type(connection))
    return "text" if kind.startswith("varchar(") else OWN_NAMES.get(kind, kind)


def fields_of(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {field.column: field for field in model._meta.concrete_fields}


def kinds(hint: Any) -> set[Any]:
    """The types that a field's value may have, without what is annotated to them."""
    parts = get_args(hint)
    return kinds(parts[0]) if any(isinstance(part, Column) for part in parts) else set(parts or (hint,))


@pytest.mark.pure
@by_table
def test_every_column_of_the_model_is_declared(table: Table, row: type[Any], model: type[models.Model]) -> None:
    here, elsewhere = {column.name for column in table.columns}, set(table.elsewhere)
    assert table.name == model._meta.db_table
    assert here | elsewhere == set(fields_of(model))
    assert not here & elsewhere
    assert all(other.why for other in table.elsewhere.values())


@pytest.mark.pure
@by_table
def test_types_agree_with_the_model(table: Table, row: type[Any], model: type[models.Model]) -> None:
    assert table.types == {name: sql_type(field) for name, field in fields_of(model).items()}
    assert {column.name for column in table.columns if column.nullable} == {
        name for name, field in fields_of(model).items() if field.null and name not in table.elsewhere
    }


@pytest.mark.pure
@by_table
def test_a_row_holds_what_its_columns_hold(table: Table, row: type[Any], model: type[models.Model]) -> None:
    hints = get_type_hints(row, include_extras=True)
    for column in table.columns:
        wanted = {PYTHON[column.type]} | ({NoneType} if column.nullable else set())
        assert kinds(hints[column.attribute]) == wanted, column.name


@pytest.mark.pure
@pytest.mark.parametrize(
    ("shown", "table", "model", "computed"),
    [(messages.Shown, MESSAGE_TABLE, Message, {"sender_id"}), (lists.Row, CHAT_TABLE, Chat, set())],
    ids=["messages", "chats"],
)
def test_what_pages_read_has_the_columns_types(
    shown: type[Any], table: Table, model: type[models.Model], computed: set[str]
) -> None:
    found, columns = get_type_hints(shown), fields_of(model)
    read = found.keys() & columns.keys() - computed
    assert len(read) > 15
    for name in read:
        assert kinds(found[name]) - {NoneType} == {PYTHON[table.types[name]]}, name
        assert NoneType in kinds(found[name]) or not columns[name].null, name


@pytest.mark.pure
def test_a_row_of_our_own_takes_over_all_that_telegram_says() -> None:
    """What is ours alone stays: who we are to it, and how its sending stands."""
    ours = {"pk", "chat_id", "box", "random_id", "state", "error_code", "waits_until"}
    assert set(MESSAGE_TABLE.arrived) == {field.name for field in fields(MessageColumns)} - ours
    assert all(hasattr(Message, name) for name in MESSAGE_TABLE.arrived)


@dataclass(slots=True)
class Wider(MessageColumns):
    views: Annotated[int | None, Column("integer", arrived=True)] = None


@pytest.mark.pure
def test_a_new_column_is_in_every_statement_once_it_is_declared() -> None:
    table = Table.of("telegram_messages", Wider, {})
    new, changed = UnnestRows(table.columns), UnnestRows(table.changing)
    assert table.row("m").endswith(', m."managers_only", m."views"')
    assert str(new).startswith("unnest(%(id)s::bigint[], %(chat_id)s::bigint[],")
    assert "%(views)s::integer[]" in str(new)
    assert new.values.endswith('k."views"')
    assert new.names.endswith('"views"')
    assert changed.assignments.endswith('"views" = k."views"')
    assert '"id" =' not in changed.assignments
    assert '"chat_id" =' not in changed.assignments
    assert "views" in table.arrived
    row = Wider(1, 2, 0, "sent", T0, views=7)
    assert new.params_of([row])["views"] == "{7}"
    assert changed.params_of([row])["views"] == "{7}"


@pytest.mark.pure
def test_what_cannot_be_a_statement_is_refused_when_it_is_made() -> None:
    @dataclass
    class Bare:
        id: int

    with pytest.raises(TypeError, match="id has no Column"):
        Table.of("t", Bare, {})
    with pytest.raises(ValueError, match="telegram_chats has no likes"):
        CHAT_TABLE.select(("id", "likes"), "c")
    with pytest.raises(ValueError, match="nobody asks for likes"):
        CHAT_TABLE.select(("id",), "c", {"likes": "0"})


@pytest.mark.pure
def test_selected_columns_come_in_the_order_in_which_they_are_asked_for() -> None:
    table = Table("t", (Column("jsonb", name="left"),), {"at": Elsewhere("timestamptz", "elsewhere")})
    assert table.select(("at", "sum", "left"), "x", {"sum": "1 + 1"}) == 'x."at", 1 + 1, x."left"::text'


def filled(row: type[Any], start: int, **given: Any) -> Any:
    """A row with another value in each column, as far as a flag can be another one."""
    return row(**dict(_values(row, start)) | given)


def _values(row: type[Any], start: int) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(row, include_extras=True)
    for number, field in enumerate(fields(row), start):
        column = next(part for part in get_args(hints[field.name]) if isinstance(part, Column))
        made: dict[str, Any] = {
            "boolean": number % 2 == 0,
            "text": f"text {number}",
            "timestamptz": T0 + timedelta(days=number % 1000),
            "jsonb": f'{{"n": {number}}}',
        }
        yield field.name, made.get(column.type, number)


def changed(before: Any, after: Any, table: Table) -> Any:
    """``after`` as it stands when it was written over ``before``."""
    kept = {column.attribute for column in table.columns if column.once}
    return replace(after, **{attribute: getattr(before, attribute) for attribute in kept})


@pytest.fixture
async def conn(kit: Kit) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    conn = await psycopg.AsyncConnection.connect(**parameters(uuid.uuid4()))
    yield conn
    await conn.rollback()
    await conn.close()


async def _chat(conn: psycopg.AsyncConnection[Any], session_id: int, peer_id: int) -> ChatColumns:
    found = await conn.execute(sql.LOCK_CHATS, {"session": session_id, "peers": array([peer_id])})
    (values,) = await found.fetchall()
    return ChatColumns(*values)


async def test_a_chat_is_read_as_it_was_written(kit: Kit, conn: psycopg.AsyncConnection[Any]) -> None:
    chat = filled(ChatColumns, 100)
    await conn.execute(sql.CREATE_CHATS, {"session": kit.session_id, **sql.NEW_CHATS.params_of([chat])})
    found = await _chat(conn, kit.session_id, chat.peer_id)
    assert found == replace(chat, pk=found.pk)
    later = filled(ChatColumns, 1001, pk=found.pk)
    await conn.execute(sql.UPDATE_CHATS, sql.CHANGED_CHATS.params_of([later]))
    assert await _chat(conn, kit.session_id, chat.peer_id) == changed(found, later, CHAT_TABLE)


async def test_a_message_is_read_as_it_was_written(kit: Kit, conn: psycopg.AsyncConnection[Any]) -> None:
    await conn.execute(
        sql.CREATE_CHATS, {"session": kit.session_id, **sql.NEW_CHATS.params_of([filled(ChatColumns, 100, peer_id=5)])}
    )
    chat = await _chat(conn, kit.session_id, 5)
    one = filled(MessageColumns, 2**40, chat_id=chat.pk, state="received", telegram_id=7)
    await conn.execute(sql.INSERT_MESSAGES, {"session": kit.session_id, **sql.NEW_MESSAGES.params_of([one])})
    assert await _messages(conn, kit.session_id, one.box, 7) == [one]
    later = filled(MessageColumns, 2**41 + 1, pk=one.pk, state="sent", telegram_id=8)
    await conn.execute(sql.UPDATE_MESSAGES, sql.CHANGED_MESSAGES.params_of([later]))
    assert await _messages(conn, kit.session_id, one.box, 7) == []
    assert await _messages(conn, kit.session_id, one.box, 8) == [changed(one, later, MESSAGE_TABLE)]


async def _messages(
    conn: psycopg.AsyncConnection[Any], session_id: int, box: int, telegram_id: int
) -> list[MessageColumns]:
    keys = sql.MESSAGE_KEYS.params([(box, telegram_id)])
    found = await conn.execute(sql.MESSAGES, {"session": session_id, **keys})
    return [MessageColumns(*values) for values in await found.fetchall()]
