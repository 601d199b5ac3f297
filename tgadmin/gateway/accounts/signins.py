"""Connections of sign-ins under way: kept open between steps, else rebuilt from the stored key."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from django.db import Error as DatabaseError

from tgadmin.core.clock import Clock
from tgadmin.core.errors import TelegramError
from tgadmin.gateway.accounts import proxy_check
from tgadmin.gateway.ownership.lease import Leases
from tgadmin.gateway.threads import Threads
from tgadmin.telegram import Key, Network, SignInClient

log = structlog.get_logger(__name__)

IDLE_SECONDS = 300.0
DISCONNECT_SECONDS = 2.0


@dataclass(slots=True)
class _Open:
    session_id: int
    client: SignInClient
    used: float
    watching: asyncio.Task[None] | None = None


class SignIns:
    """The connections of sign-ins, one for each attempt."""

    def __init__(self, network: Network, leases: Leases, clock: Clock, threads: Threads) -> None:
        self._threads = threads
        self._network = network
        self._leases = leases
        self._clock = clock
        self._open: dict[str, _Open] = {}

    async def client(self, attempt_id: str, session_id: int, key: Key | None, *, updates: bool = False) -> SignInClient:
        """The attempt's connection: the open one if it has that key, else a new one with it. Raises TelegramError.

        ``updates``: a new one is to hear when its login token is accepted (``watch``).
        """
        found = self._open.get(attempt_id)
        if found is not None and key is not None and found.client.key == key:
            found.used = self._clock.monotonic()
            return found.client
        await self.drop(attempt_id)
        client = await self.fresh(session_id, key, updates=updates)
        await client.connect()
        self._open[attempt_id] = _Open(session_id, client, self._clock.monotonic())
        return client

    async def fresh(self, session_id: int, key: Key | None, *, updates: bool = False) -> SignInClient:
        """A connection of the caller's own, not made yet, through the session's proxy, which works. Raises
        TelegramError."""
        proxy = await proxy_check.proxy_of(self._threads, self._network, session_id)
        return SignInClient(self._network, key, allowed=self._leases.allowed, proxy=proxy, updates=updates)

    def watch(self, attempt_id: str, accepted: Callable[[], Awaitable[None]]) -> None:
        """Call ``accepted`` whenever Telegram says that a login token of the attempt was accepted, as long as its
        connection lives."""
        found = self._open.get(attempt_id)
        # Another data centre is another connection: what watched the former one has ended with it.
        if found is not None and (found.watching is None or found.watching.done()):
            found.watching = asyncio.create_task(_watch(found.client, accepted), name=f"login token {attempt_id}")

    async def drop(self, attempt_id: str) -> None:
        """Close the attempt's connection, if one is open."""
        found = self._open.pop(attempt_id, None)
        if found is not None:
            await _end(found)

    async def drop_session(self, session_id: int) -> None:
        """Close what a session has open: its lease goes."""
        for attempt_id in [one for one, found in self._open.items() if found.session_id == session_id]:
            await self.drop(attempt_id)

    async def tidy(self) -> None:
        """Close what nobody has used for minutes; the stored key brings it back."""
        late = self._clock.monotonic() - IDLE_SECONDS
        for attempt_id in [one for one, found in self._open.items() if found.used < late]:
            await self.drop(attempt_id)

    def abort_session(self, session_id: int) -> None:
        """Cut and forget what a session has open: its lease is somebody else's."""
        for attempt_id in [one for one, found in self._open.items() if found.session_id == session_id]:
            found = self._open.pop(attempt_id)
            found.client.abort()
            if found.watching is not None:
                found.watching.cancel()

    def abort(self) -> None:
        """Cut all at once: the leases do not cover them any more."""
        for found in self._open.values():
            found.client.abort()

    async def close(self) -> None:
        await asyncio.gather(*(self.drop(attempt_id) for attempt_id in list(self._open)))


async def _watch(client: SignInClient, accepted: Callable[[], Awaitable[None]]) -> None:
    with contextlib.suppress(TelegramError):  # the connection has ended: the token's next renewal finds out
        while True:
            await client.token_accepted()
            try:
                await accepted()
            except (DatabaseError, OSError) as error:
                log.warning("an accepted login token was not noted", error=type(error).__name__)


async def _end(found: _Open) -> None:
    if found.watching is not None:
        found.watching.cancel()
    await close(found.client)


async def close(client: SignInClient) -> None:
    """Disconnect, whatever state the connection is in."""
    with contextlib.suppress(TelegramError, OSError, TimeoutError):
        async with asyncio.timeout(DISCONNECT_SECONDS):
            await client.disconnect()
