"""What an account's requests go through: its connection, and those to other data centres."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tgadmin.core.errors import Kind, TelegramError
from tgadmin.telegram._telethon import Wire
from tgadmin.telegram.client.connection import Connector
from tgadmin.telegram.client.data_centres import ELSEWHERE, OtherDataCentres
from tgadmin.telegram.client.keys import Key
from tgadmin.telegram.client.updates import UpdateStream


class Link:
    """One connection's life. The parts of a client hold this and not the client: a client that has ended is freed at
    once, with all that it knows, and does not wait for the garbage collector."""

    def __init__(self, connector: Connector, key: Key) -> None:
        self._connector = connector
        self._key = key
        self._elsewhere = OtherDataCentres(connector, key)
        self._closing: asyncio.Task[None] | None = None
        self.wire: Wire | None = None
        self.stream: UpdateStream | None = None

    def make_wire(self) -> Wire:
        """The connection, still to be opened. Raises RuntimeError for a second one."""
        if self.wire is not None:
            raise RuntimeError("a client lives for one connection")
        self.wire = self._connector.wire(self._key)
        return self.wire

    @property
    def connected(self) -> Wire:
        """Raises TelegramError (CONNECTION_LOST) before there is a connection."""
        if self.wire is None:
            raise TelegramError("CONNECTION_LOST")
        return self.wire

    async def call(self, request: Any) -> Any:
        """What lies at another data centre is asked for there; an account that has moved there ends the connection.
        Raises TelegramError."""
        try:
            return await self.connected.invoke(request)
        except TelegramError as error:
            if error.code in ELSEWHERE and error.number is not None:
                return await self._elsewhere.invoke(self.connected, error.number, request)
            if error.is_fatal or error.kind is Kind.MIGRATE:
                self.end(error)
            raise

    def follow(self, channels: Mapping[int, int]) -> None:
        """Updates of these channels (bare id to pts) are followed from now on."""
        if self.stream is not None:
            self.stream.learn(channels)

    def end(self, error: TelegramError) -> None:
        """End the connection because of the error, once."""
        if self._closing is None:
            self._closing = asyncio.create_task(self.connected.fail(error))

    async def close(self) -> None:
        """Close all connections; safe to call at any time, and more than once."""
        if self.wire is not None:
            await self.wire.close()
        await self._elsewhere.close()

    def abort(self) -> None:
        """Close the sockets at once, from whatever thread."""
        self._elsewhere.abort()
        if self.wire is not None:
            self.wire.abort()
