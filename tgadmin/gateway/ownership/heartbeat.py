"""The heartbeat, in a thread with an event loop and a database connection of its own: many accounts at work in the
gateway's loop cannot make it late.

A loop that no longer turns must not keep its leases, though. So a heartbeat is due only as long as the loop has
answered not too long ago; and what a heartbeat has found out is settled on the loop, where the leases are used.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
import structlog

from apps.commands.services.leases import DISCONNECT_SECONDS, LEASE_SECONDS
from tgadmin.gateway import database
from tgadmin.gateway.ownership.lease import HeartbeatResult, Leases

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 1.0
RECONNECT_SECONDS = 0.2
STUCK_SECONDS = DISCONNECT_SECONDS
"""A loop that has not answered for so long has lost every connection: another gateway shall have its sessions."""
DB_ERRORS = (psycopg.Error, OSError, TimeoutError)


class Heartbeat:
    """``on_lost`` is called on the loop for each session whose lease is somebody else's now."""

    def __init__(self, leases: Leases, params: dict[str, Any], on_lost: Callable[[int], None]) -> None:
        self._leases = leases
        self._params = params
        self._on_lost = on_lost
        self._stop = threading.Event()
        self._answered = 0.0

    async def run(self) -> None:
        """Send heartbeats until cancelled. Raises NodeRemoved when somebody has removed this node."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        self._answered = time.monotonic()

        def run_loop() -> None:
            try:
                asyncio.run(self._run(loop))
                error: BaseException | None = None
            except BaseException as reason:  # noqa: BLE001  handed over to the loop
                error = reason
            loop.call_soon_threadsafe(_end, ended, error)

        thread = threading.Thread(target=run_loop, name="gateway-heartbeat", daemon=True)
        thread.start()
        try:
            await asyncio.shield(ended)
        finally:
            self._stop.set()
            await asyncio.to_thread(thread.join)

    async def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        """In the thread. A try is given up while the deadline can still be met by the next one."""
        conn: psycopg.AsyncConnection[Any] | None = None
        try:
            while not self._stop.is_set():
                loop.call_soon_threadsafe(self._answer)
                pause = HEARTBEAT_SECONDS
                try:
                    async with asyncio.timeout(LEASE_SECONDS / 2):
                        if conn is None or conn.closed:
                            conn = await database.connect(self._params)
                        if self._is_due():
                            found = await self._leases.send_heartbeat(conn)
                            loop.call_soon_threadsafe(partial(self._settle, found))
                        else:  # this process may just have been frozen: then the loop answers at once
                            pause = RECONNECT_SECONDS
                except DB_ERRORS as error:
                    log.warning("no heartbeat", error=type(error).__name__, left=round(self._leases.seconds_left, 2))
                    await _close(conn)
                    conn, pause = None, RECONNECT_SECONDS
                await self._sleep(pause)
        finally:
            await _close(conn)

    async def _sleep(self, seconds: float) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._stop.wait, seconds)

    def _is_due(self) -> bool:
        silent = time.monotonic() - self._answered
        if silent > STUCK_SECONDS:
            log.error("the loop is stuck: no heartbeat", seconds=round(silent))
            return False
        return True

    def _answer(self) -> None:
        self._answered = time.monotonic()

    def _settle(self, found: HeartbeatResult) -> None:
        for session_id in self._leases.settle(found):
            self._on_lost(session_id)


def _end(ended: asyncio.Future[None], error: BaseException | None) -> None:
    if ended.done():
        return
    if error is None:
        ended.set_result(None)
    else:
        ended.set_exception(error)
        ended.exception()  # whoever waits gets it; nobody may wait any more


async def _close(conn: psycopg.AsyncConnection[Any] | None) -> None:
    if conn is not None:
        try:
            await conn.close()
        except DB_ERRORS:
            return
