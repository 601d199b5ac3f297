"""Where the gateway's loop calls synchronous services: a few threads, each with its own Django connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tgadmin.gateway import database

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """A small pool; ``run`` awaits a service's result on the loop."""

    def __init__(self, size: int = 6) -> None:
        self._connections: set[BaseDatabaseWrapper] = set()
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="gateway-services")

    async def run(self, service: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the service returns or raises. A connection that the server has dropped is replaced before the call."""

        def call() -> T:
            close_old_connections()
            database.limit_this_thread()
            self._connections.add(connections[DEFAULT_DB_ALIAS])
            return service(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Wait for what runs, then close every thread's connection."""
        self._pool.shutdown(wait=True)
        for connection in self._connections:
            connection.inc_thread_sharing()
            connection.close()
