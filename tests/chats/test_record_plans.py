"""The way in finds what it needs by key, whatever the planner knows of the tables: at first it knows nothing."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest

from apps.chats.services.record import make_ready, sql
from tgadmin.gateway.database import parameters

Connection = psycopg.AsyncConnection[Any]
TABLES = ("telegram_chats", "telegram_messages", "telegram_peers")

# Statement, and what each access to a table has to be limited by, in the order of the plan.
MESSAGE_KEY = ("session_id", "box", "telegram_id")
RANDOM_KEY = ("session_id", "random_id")
BY_KEY = {
    "MESSAGES": [MESSAGE_KEY],
    "MESSAGES_BY_RANDOM_ID": [RANDOM_KEY, RANDOM_KEY, MESSAGE_KEY],
    "LOCK_CHATS": [("session_id", "peer_id")],
    "PEERS": [("session_id", "peer_id")],
    "PRESENCE": [("session_id", "peer_id")],
    "REMOVE_MESSAGES": [("id",)],
    "UPDATE_MESSAGES": [("id",)],
    "UPDATE_CHATS": [("id",)],
    "RECOUNT_UNREAD": [("id",), ("chat_id", "telegram_id")],
    "MARK_UNREAD_STALE": [("session_id",)],
    "LAST_LISTED": [("id",), ("id",), ("chat_id", "telegram_id"), ("session_id",), ("session_id", "peer_id")],
    "SHOW_LAST": [("id",)],
    "LOCK_CHATS_OF_MESSAGES": [("session_id", "peer_id"), MESSAGE_KEY, RANDOM_KEY, ("session_id",), ("id",)],
}


@pytest.fixture
async def conn(db: None) -> AsyncIterator[Connection]:
    """A connection that sees new, empty tables of the same shape, which nobody ever analyzes: temporary ones."""
    conn = await psycopg.AsyncConnection.connect(**parameters(uuid.uuid4()), autocommit=True)
    for table in TABLES:
        await conn.execute(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING ALL)")
    await make_ready(conn)
    yield conn
    await conn.close()


async def _fill(conn: Connection) -> None:
    """What one account gets before the first ANALYZE."""
    await conn.execute(
        "INSERT INTO telegram_messages (chat_id, session_id, box, telegram_id, state, error_code, out, date, text, "
        "entities, post_author) SELECT n % 200, 1, 0, n, 'received', '', false, now(), 'text', '[]', '' "
        "FROM generate_series(1, 20000) n"
    )


async def _prepare(conn: Connection, name: str) -> int:
    """As psycopg does it; returns how many parameters there are."""
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        key = found[1] or f"position {len(numbers)}"
        return f"${numbers.setdefault(key, len(numbers) + 1)}"

    text = re.sub(r"%(?:\((\w+)\))?s", number, getattr(sql, name))
    await conn.execute(f"PREPARE {name.lower()} AS {text}".encode())
    return len(numbers)


async def _plan(conn: Connection, name: str, parameters: int) -> Iterator[dict[str, Any]]:
    """The generic plan's nodes."""
    nothing = ", ".join(["NULL"] * parameters)
    rows = await conn.execute(f"EXPLAIN (FORMAT JSON) EXECUTE {name.lower()}({nothing})".encode())
    row = await rows.fetchone()
    assert row is not None
    return _nodes(row[0][0]["Plan"])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _columns(node: dict[str, Any]) -> tuple[str, ...]:
    """The columns of the index that a node looks up by, in order."""
    left = re.findall(r"\((?:\w+\.)?(\w+) (?:=|>|<|IS)", node.get("Index Cond", ""))
    return tuple(dict.fromkeys(left))


@pytest.mark.parametrize("filled", [False, True], ids=["planned-empty", "filled"])
@pytest.mark.parametrize("name", BY_KEY)
async def test_every_look_up_is_by_its_key(conn: Connection, name: str, filled: bool) -> None:
    if filled:
        await _fill(conn)
    parameters = await _prepare(conn, name)
    reads = [node for node in await _plan(conn, name, parameters) if "Scan" in node["Node Type"]]
    tables = [node for node in reads if node.get("Relation Name") in TABLES]
    assert {node["Node Type"] for node in tables} <= {"Index Scan", "Index Only Scan"}
    assert sorted(map(_columns, tables)) == sorted(BY_KEY[name])


async def test_a_plan_made_for_the_empty_table_reads_no_more_than_is_asked(conn: Connection) -> None:
    """A thousand keys of twenty thousand: no row is read in vain."""
    await _prepare(conn, "MESSAGES")
    await conn.execute("EXPLAIN EXECUTE messages('{}', '{}', 1)")
    await _fill(conn)
    keys = f"array_fill(0::bigint, ARRAY[1000]), '{{{','.join(map(str, range(1, 1001)))}}}', 1"
    found = await conn.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE messages({keys})".encode())
    row = await found.fetchone()
    assert row is not None
    (scan,) = [node for node in _nodes(row[0][0]["Plan"]) if node.get("Relation Name") == "telegram_messages"]
    assert (scan["Actual Loops"], scan["Actual Rows"], scan.get("Rows Removed by Filter", 0)) == (1000, 1, 0)
