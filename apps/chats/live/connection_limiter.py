"""Who may have a live socket: a web process's side of the limits that hold over all of them
(services/connection_limits.py)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Protocol
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

import psycopg
from django.db import Error as DatabaseError

from apps.chats.live.threads import read
from apps.chats.live.wakes import parameters
from apps.chats.services import connection_limits
from apps.chats.services.connection_limits import Refusal, SocketSlot

log = logging.getLogger(__name__)

REPLACED = 4410
"""Close code of a socket whose page has connected again."""


class Client(Protocol):
    """A socket, as it is seen here."""

    async def shut(self, code: int) -> None:
        """Close the socket with a close code."""


class ConnectionLimiter:
    """Lives in one event loop; sends heartbeats while there are slots."""

    def __init__(self) -> None:
        self.process = uuid4()
        self._clients: dict[UUID, Client] = {}
        self._slots: dict[UUID, SocketSlot] = {}
        self._asking: set[UUID] = set()
        self._task: asyncio.Task[None] | None = None

    async def enter(self, client: Client, slot: SocketSlot) -> Refusal | None:
        """None: the client has the slot until ``leave``. Raises DatabaseError when nobody can say."""
        self._asking.add(slot.id)
        try:
            refusal: Refusal | None = await read(connection_limits.take, self.process, slot)
        finally:
            self._asking.discard(slot.id)
        if refusal is not None:
            return refusal
        former = [
            one.id
            for one in self._slots.values()
            if slot.page is not None and (one.user_id, one.page) == (slot.user_id, slot.page)
        ]
        self._clients[slot.id], self._slots[slot.id] = client, slot
        if self._task is None:
            self._task = asyncio.create_task(self._heartbeat())
        await self._replace(former)
        return None

    async def leave(self, slot: SocketSlot) -> None:
        """Harmless when it has left already. The database hears of it now or, when it is away, by the next
        heartbeat."""
        if not self._forget(slot.id):
            return
        with contextlib.suppress(DatabaseError):
            await read(connection_limits.give_back, [slot.id])

    def _forget(self, slot_id: UUID) -> bool:
        known = self._slots.pop(slot_id, None) is not None
        self._clients.pop(slot_id, None)
        if not self._slots and self._task is not None:
            self._task.cancel()
            self._task = None
        return known

    async def _replace(self, slot_ids: list[UUID]) -> None:
        for slot_id in slot_ids:
            client = self._clients.get(slot_id)
            self._forget(slot_id)
            if client is not None:
                await client.shut(REPLACED)

    async def _heartbeat(self) -> None:
        """Agree with the database once in a while. That goes through the pool, which may be full of requests that hang:
        until it has succeeded, the database hears past the pool that this process lives, else its slots were free."""
        while True:
            await asyncio.sleep(connection_limits.HEARTBEAT)
            agreeing = asyncio.create_task(self._try_to_agree())
            await asyncio.wait((agreeing,), timeout=1.0)
            while not agreeing.done() or not agreeing.result():
                await self._say_alive()
                if agreeing.done():
                    break
                await asyncio.wait((agreeing,), timeout=connection_limits.HEARTBEAT)

    async def _try_to_agree(self) -> bool:
        """A supervisor: what fails is recorded, the next heartbeat mends what it missed."""
        try:
            await self._agree()
        except DatabaseError as error:
            log.warning("open pages cannot be counted: %s", type(error).__name__)
        except Exception:
            log.exception("a heartbeat of the live pages failed")
        else:
            return True
        return False

    async def _say_alive(self) -> None:
        try:
            async with asyncio.timeout(connection_limits.HEARTBEAT):
                async with await psycopg.AsyncConnection.connect(**parameters(), autocommit=True) as conn:
                    await conn.execute(connection_limits.ALIVE, (self.process,))
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.warning("open pages cannot be kept: %s", type(error).__name__)

    async def _agree(self) -> None:
        """Makes the database and this process say the same. Pages that have come back elsewhere are closed here; what
        could not be given back, since the database was away, is given back now."""
        known = dict(self._slots)
        own = await read(connection_limits.heartbeat, self.process, list(known.values()))
        ghosts = own - self._slots.keys() - self._asking
        if ghosts:
            await read(connection_limits.give_back, ghosts)
        # Apart: the last slot that goes ends this task.
        await asyncio.shield(asyncio.ensure_future(self._replace(list(known.keys() - own))))


_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, ConnectionLimiter] = WeakKeyDictionary()


def limiter() -> ConnectionLimiter:
    """The limiter of the running loop: one per web process."""
    loop = asyncio.get_running_loop()
    found = _limiters.get(loop)
    if found is None:
        found = _limiters[loop] = ConnectionLimiter()
    return found
