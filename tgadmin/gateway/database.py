"""The gateway's own async connections to PostgreSQL, beside Django's: short-tempered, so that a frozen gateway holds no
lock for long and a dead server is noticed."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
from django.db import connection

IDLE_IN_TRANSACTION_MS = 2000
TCP_USER_TIMEOUT_MS = 2000
CONNECT_TIMEOUT_S = 5
_limited = threading.local()
_DJANGO_ONLY = {"cursor_factory", "context", "pool", "prepare_threshold", "assume_role", "isolation_level"}


def parameters() -> dict[str, Any]:
    """What Django connects with, as psycopg takes it."""
    given = connection.get_connection_params()
    params = {name: value for name, value in given.items() if name not in _DJANGO_ONLY}
    params.setdefault("connect_timeout", CONNECT_TIMEOUT_S)
    params.setdefault("tcp_user_timeout", TCP_USER_TIMEOUT_MS)
    params.setdefault("application_name", "tgadmin gateway")
    return params


async def connect(params: dict[str, Any]) -> psycopg.AsyncConnection[Any]:
    """A connection in autocommit mode whose forgotten transactions the server ends. Raises psycopg.OperationalError."""
    conn = await psycopg.AsyncConnection.connect(**params, autocommit=True)
    await conn.execute(f"SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_MS}")
    return conn


def limit_this_thread() -> None:
    """The same limit for Django's connection of the calling thread, once for each connection that it makes."""
    connection.ensure_connection()
    made = connection.connection
    if getattr(_limited, "connection", None) is not made:
        with connection.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_MS}")
        _limited.connection = made
