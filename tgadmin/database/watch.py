"""Looks after the web process's pool of database connections, in a thread of its own, whoever asks for a connection.

It lets the pool connect again soon after the database has come back. And it ends a process whose pool is dead, so that
its supervisor starts it again; what it makes of what it sees is in core/starving.py. That is the last resort: what
takes connections gives them back (threads.py).
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg_pool import ConnectionPool

from tgadmin.core.starving import LIMIT, Probe, Starving, State
from tgadmin.database import pooled

log = logging.getLogger(__name__)

SECONDS = 1.0
"""Between two looks."""
AGAIN_SECONDS = 0.2
"""Between two tries to connect, while connections are wanted and the database is away."""
PROBE_SECONDS = 0.5
"""For a connection, when none is free and nobody else is asking."""
ANSWER_SECONDS = 3
"""For the database to answer outside of the pool."""
LATELY_SECONDS = 5.0
"""Who asked the database for something within this time is at work."""
EXIT_STATUS = 75
"""EX_TEMPFAIL of sysexits.h: starting it again helps."""

AT_WORK = (
    "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s) "
    "AND (state = 'active' OR state_change > clock_timestamp() - make_interval(secs => %s))"
)


class Watch:
    """Of the process's pool. ``end`` ends the process."""

    def __init__(self, end: Callable[[], None], limit: float = LIMIT) -> None:
        self._end = end
        self._starving = Starving(limit)
        self._served = 0

    @property
    def state(self) -> State:
        return self._starving.state

    def start(self) -> None:
        threading.Thread(target=self._run, name="watch of the pool", daemon=True).start()

    def _run(self) -> None:
        while self.look() is not State.DEAD:
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                time.sleep(AGAIN_SECONDS)
                self.refill()
        log.critical(
            "no database connection of this process came back for %.0f s, although the database answers: "
            "the process ends, to be started again",
            self._starving.limit,
        )
        self._end()

    def refill(self) -> None:
        """Have the pool connect, if it has nothing to give and may grow: once one try has succeeded it makes as many
        connections as are waited for, but it does not try again by itself (pooled.RECONNECT_SECONDS)."""
        try:
            pool = _pool()
            stats = pool.get_stats()
            wanted = stats["pool_max"] if stats.get("requests_waiting") else stats["pool_min"]
            if not stats["pool_available"] and stats["pool_size"] < wanted:
                pool.check()  # with no connection to check it only grows
        except Exception:
            log.exception("the pool of database connections could not be refilled")

    def look(self) -> State:
        return self._starving.seen(time.monotonic(), self._look())

    def _look(self) -> Probe:
        """A supervisor: what fails here is no reason to end a process."""
        try:
            if self._had():
                return Probe.HAD
            return Probe.AT_WORK if self._at_work() else Probe.LOST
        except psycopg.Error:
            return Probe.AWAY
        except Exception:
            log.exception("the pool of database connections could not be looked at")
            return Probe.HAD

    def _had(self) -> bool:
        """Whether a connection is free or, when others wait for one, somebody got one since the last look."""
        pool = _pool()
        stats = pool.get_stats()
        waiting = stats.get("requests_waiting", 0)
        served = stats.get("requests_num", 0) - stats.get("requests_errors", 0) - waiting
        before, self._served = self._served, served
        if stats["pool_available"] > 0 or served > before:
            return True
        return not waiting and self._probe(pool)

    def _probe(self, pool: ConnectionPool[Any]) -> bool:
        try:
            connection = pool.getconn(PROBE_SECONDS)
        except psycopg.Error:
            return False
        self._served += 1
        pool.putconn(connection)
        return True

    def _at_work(self) -> bool:
        """Whether the database is busy with what the pool's connections ask. Raises psycopg.Error."""
        with psycopg.connect(**_outside(), autocommit=True) as connection:
            row = connection.execute(AT_WORK, (pooled.backends(), LATELY_SECONDS)).fetchone()
        return row is not None and row[0] > 0


def _pool() -> ConnectionPool[Any]:
    pool: ConnectionPool[Any] = connections[DEFAULT_DB_ALIAS].pool  # type: ignore[attr-defined]  # PostgreSQL's
    pool.open()
    return pool


def _outside() -> dict[str, Any]:
    return {**pooled.parameters(connections[DEFAULT_DB_ALIAS]), "connect_timeout": ANSWER_SECONDS}


def _end() -> None:
    """At once: threads that hang would keep the process from an orderly end, and all that counts is in the database."""
    logging.shutdown()
    os._exit(EXIT_STATUS)


watch = Watch(_end)
"""The process's; it is started with the web application (tgadmin/asgi.py)."""
