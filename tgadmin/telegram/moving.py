"""Other data centres: an account that Telegram has moved, and what of a settled account lies elsewhere.

https://core.telegram.org/api/datacenter: an authorization is carried over by auth.exportAuthorization and
auth.importAuthorization, to a key of the other data centre's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from telethon import functions as F  # noqa: N812

from tgadmin.core.errors import TelegramError
from tgadmin.core.proxies import Proxy
from tgadmin.core.types import Checkpoint
from tgadmin.telegram import dialogs
from tgadmin.telegram._telethon import Pings, Wire
from tgadmin.telegram.application import introduction
from tgadmin.telegram.network import DC_IDS, Key, Network, is_ipv6

ELSEWHERE = frozenset({"FILE_MIGRATE", "STATS_MIGRATE"})
"""Only this one request lies elsewhere; the others say that the account does."""


@dataclass(frozen=True)
class Line:
    """How connections of one account are made: see AccountClient."""

    network: Network
    proxy: Proxy | None
    allowed: Callable[[], bool]
    timeout: float
    pings: Pings | None = None

    async def open(self, key: Key) -> tuple[Wire, Key]:
        """A connection without updates, and its key, which is a new one if ``key`` has none. Raises TelegramError."""
        wire = Wire(
            (key.dc_id, key.server_address, key.port),
            key.auth_key,
            allowed=self.allowed,
            timeout=self.timeout,
            pings=self.pings,
            local_address=self.network.local_address,
            proxy=self.proxy,
        )
        try:
            await wire.open(introduction(self.network, updates=False))
        except TelegramError as error:
            await wire.fail(error)
            raise
        return wire, key.with_auth_key(wire.auth_key.key)


async def address_of(wire: Wire, dc_id: int, *, v6: bool) -> Key:
    """Where a data centre is, by Telegram's own list; a key without its key. Raises TelegramError (DC_ID_INVALID)."""
    config = await wire.invoke(F.help.GetConfigRequest())
    for each in config.dc_options if dc_id in DC_IDS else ():
        if each.id == dc_id and bool(each.ipv6) == v6 and not (each.cdn or each.media_only or each.tcpo_only):
            return Key(dc_id, each.ip_address, each.port)
    raise TelegramError("DC_ID_INVALID")


async def carried_over(line: Line, wire: Wire, key: Key, dc_id: int) -> tuple[Wire, Key]:
    """An open connection to another data centre, signed in by what ``wire`` (with ``key``) exports. Raises
    TelegramError."""
    exported = await wire.invoke(F.auth.ExportAuthorizationRequest(dc_id))
    there = await address_of(wire, dc_id, v6=is_ipv6(key.server_address))
    other, other_key = await line.open(there)
    try:
        await other.invoke(F.auth.ImportAuthorizationRequest(exported.id, exported.bytes))
    except TelegramError as error:
        await other.fail(error)
        raise
    return other, other_key


async def move(line: Line, key: Key, dc_id: int) -> tuple[Key, Checkpoint]:
    """Follow an account that Telegram has moved: its new key there, and the state to begin from. Raises TelegramError.

    The account's own connection must be closed: its key is used here.
    """
    line.network.install()
    wire, _ = await line.open(key)
    try:
        other, other_key = await carried_over(line, wire, key, dc_id)
    finally:
        await wire.close()
    try:
        return other_key, await dialogs.first_state(other.invoke)
    finally:
        await other.close()


class Elsewhere:
    """An account's connections to other data centres, one for each, opened when first needed."""

    def __init__(self, line: Line, key: Key) -> None:
        self._line, self._key = line, key
        self._wires: dict[int, Wire] = {}
        self._opening = asyncio.Lock()

    async def invoke(self, wire: Wire, dc_id: int, request: Any) -> Any:
        """Ask at the data centre ``dc_id``; ``wire`` is the account's own connection. Raises TelegramError."""
        async with self._opening:
            other = self._wires.get(dc_id)
            if other is None or other.ended.done():
                other, _ = await carried_over(self._line, wire, self._key, dc_id)
                self._wires[dc_id] = other
        return await other.invoke(request)

    def abort(self) -> None:
        """Close the sockets at once, from whatever thread."""
        for wire in list(self._wires.values()):
            wire.abort()

    async def close(self) -> None:
        await asyncio.gather(*(wire.close() for wire in self._wires.values()))
