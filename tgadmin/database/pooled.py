"""How a process connects to PostgreSQL: what it waits for at most, and which connections the pool has made."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from weakref import WeakSet

import psycopg

CLIENT = {
    "connect_timeout": 10,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""Where the server's machine is gone no timeout of its own helps: so long until that is noticed here (s, ms, s, s)."""
RECONNECT_SECONDS = 0.0
"""The pool tries for so long to replace a connection: its pauses begin with a second and double, and whoever waits for
a connection would wait for their end, although the database is there again. The watch tries instead."""


class Pooled(psycopg.Connection[Any]):
    """A connection of the pool."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        with _lock:
            _made.add(self)


_lock = threading.Lock()
_made: WeakSet[Pooled] = WeakSet()


def backends() -> list[int]:
    """PostgreSQL's process ids of the pool's connections that are open, free or taken."""
    with _lock:
        made = list(_made)
    return [one.pgconn.backend_pid for one in made if not one.closed]


def limited(options: Mapping[str, Any], **limits: int) -> dict[str, Any]:
    """Django's OPTIONS with limits that the server keeps (milliseconds). What DATABASE_URL says itself counts."""
    said = " ".join(f"-c {name}={value}" for name, value in limits.items())
    return {**CLIENT, **options, "options": f"{said} {options.get('options', '')}".strip()}


def parameters(django: Any) -> dict[str, Any]:
    """A Django connection's parameters, for a connection of psycopg's that is not the pool's."""
    given = django.get_connection_params()
    return {name: given[name] for name in given if name not in _DJANGO_ONLY}


_DJANGO_ONLY = {"cursor_factory", "context", "pool", "prepare_threshold", "assume_role", "isolation_level"}
