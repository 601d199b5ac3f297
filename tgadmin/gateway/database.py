"""The gateway's own async connections to PostgreSQL, beside Django's: short-tempered, so that a frozen gateway holds no
lock for long and a dead server is noticed.

A transaction that was frozen in the middle of a pipeline is not idle for the server: it waits for the rest, however
long. Its whole time is limited where the server can do that (PostgreSQL 17); everywhere, whoever takes a silent
gateway's sessions over ends its connections, which its name tells.
"""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

IDLE_IN_TRANSACTION_MS = 2000
TCP_USER_TIMEOUT_MS = 2000
LOCK_TIMEOUT_MS = 5000
TRANSACTION_MS = 6000
CONNECT_TIMEOUT_S = 5
# Where nothing is on its way, only keepalives find out that the other end is gone.
_CLIENT = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "tcp_user_timeout": TCP_USER_TIMEOUT_MS,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
}
LIMITS = (
    f"SELECT set_config('idle_in_transaction_session_timeout', '{IDLE_IN_TRANSACTION_MS}', false), "
    f"set_config('tcp_user_timeout', '{TCP_USER_TIMEOUT_MS}', false), "
    f"set_config('lock_timeout', '{LOCK_TIMEOUT_MS}', false), "
    "CASE WHEN current_setting('server_version_num')::int >= 170000 "
    f"THEN set_config('transaction_timeout', '{TRANSACTION_MS}', false) END"
)
"""The server's side: it ends forgotten transactions, notices a client that is gone, lets no lock be waited for long."""
_limited = threading.local()
_DJANGO_ONLY = {"cursor_factory", "context", "pool", "prepare_threshold", "assume_role", "isolation_level"}


def application_name(node_id: UUID) -> str:
    """By which a gateway's connections are known to the others."""
    return f"tgadmin gateway {node_id}"


def parameters(node_id: UUID) -> dict[str, Any]:
    """What Django connects with, as psycopg takes it; the connections bear the gateway's name."""
    given = connection.get_connection_params()
    params = {name: value for name, value in given.items() if name not in _DJANGO_ONLY}
    return {**_CLIENT, **params, "application_name": application_name(node_id)}


async def connect(params: dict[str, Any]) -> psycopg.AsyncConnection[Any]:
    """A connection in autocommit mode whose forgotten transactions the server ends. Raises psycopg.OperationalError."""
    conn = await psycopg.AsyncConnection.connect(**params, autocommit=True)
    await conn.execute(LIMITS)
    return conn


def limit_this_thread() -> None:
    """The same limits for Django's connection of the calling thread, once for each connection that it makes."""
    for name, value in _CLIENT.items():
        connection.settings_dict["OPTIONS"].setdefault(name, value)
    connection.ensure_connection()
    made = connection.connection
    if getattr(_limited, "connection", None) is not made:
        with connection.cursor() as cursor:
            cursor.execute(LIMITS)
        _limited.connection = made
