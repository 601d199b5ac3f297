"""Array literals: PostgreSQL reads back what was written."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest

from apps.chats.services.record.arrays import Unnest, array
from tgadmin.gateway.database import parameters

HOSTILE = [
    "", "NULL", "null", "{}", "{a,b}", "a,b", "\\", '"', "\\\"", "\\n", "\n\t\r\x01", " spaces ", "'; DROP TABLE x; --",
    "🙂 ünïcödé \u202e", "%s %(a)s", "x" * 5000,
]  # fmt: skip
TIME = datetime(2026, 11, 26, 12, 30, 15, 123456, tzinfo=UTC)
CASES: list[tuple[str, list[Any]]] = [
    ("bigint", [0, -1, 2**63 - 1, -(2**63)]),
    ("bigint", [None, 5, None]),
    ("int", [1, None]),
    ("bool", [True, False, None, True]),
    ("text", HOSTILE),
    ("text", [*HOSTILE, None, "NULL", None]),
    ("text", [None, None]),
    ("bigint", [None]),
    ("text", []),
    ("timestamptz", [TIME, None, TIME.astimezone(timezone(timedelta(hours=-5))), datetime(1970, 1, 1, tzinfo=UTC)]),
    ("bytea", [b"\0\1", b""]),
]


@pytest.fixture
async def conn(db: None) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    conn = await psycopg.AsyncConnection.connect(**parameters(uuid.uuid4()), autocommit=True)
    yield conn
    await conn.close()


@pytest.mark.parametrize(("kind", "values"), CASES)
async def test_what_is_written_is_read_back(conn: psycopg.AsyncConnection[Any], kind: str, values: list[Any]) -> None:
    cursor = await conn.execute(f"SELECT %s::{kind}[]", (array(values),), prepare=True)
    row = await cursor.fetchone()
    assert row is not None
    assert row[0] == values


async def test_rows_come_back_as_they_were_given(conn: psycopg.AsyncConnection[Any]) -> None:
    given = Unnest({"id": "bigint", "left": "text", "order": "boolean"})
    rows = [(number, text, number % 2 == 0) for number, text in enumerate(HOSTILE)]
    query = f"SELECT {given.values} FROM {given}"
    assert await (await conn.execute(query, given.params(rows))).fetchall() == rows
    assert await (await conn.execute(query, given.params([]))).fetchall() == []


async def test_json_is_given_as_text_and_stored_as_json(conn: psycopg.AsyncConnection[Any]) -> None:
    given = Unnest({"data": "jsonb"})
    found = await conn.execute(f"SELECT {given.values} FROM {given}", given.params([('{"a": [1]}',), (None,)]))
    assert await found.fetchall() == [({"a": [1]},), (None,)]


@pytest.mark.pure
def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Unnest({"id": "bigint", "text": "text"}).params([(1,)])
    with pytest.raises(ValueError, match="shorter"):
        Unnest({"id": "bigint", "text": "text"}).params([(1, "a"), (2,)])


@pytest.mark.pure
def test_a_text_that_cannot_be_stored_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        array(["fine", "a\0b"])
