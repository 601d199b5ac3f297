"""Other data centres: an account that Telegram has moved, and what of a settled account lies elsewhere.

https://core.telegram.org/api/datacenter: an authorization is carried over by auth.exportAuthorization and
auth.importAuthorization, to a key of the other data centre's own.
"""

from __future__ import annotations

import asyncio
from typing import Any

from telethon import functions as F  # noqa: N812

from tgadmin.core.errors import TelegramError
from tgadmin.core.types import Checkpoint
from tgadmin.telegram._telethon import Wire
from tgadmin.telegram.client.connection import Connector
from tgadmin.telegram.client.dialogs import first_state
from tgadmin.telegram.client.keys import DC_IDS, Key

ELSEWHERE = frozenset({"FILE_MIGRATE", "STATS_MIGRATE"})
"""Only this one request lies elsewhere; the others say that the account does."""


def address_in(config: Any, dc_id: int, *, like: Key) -> Key:
    """Where help.getConfig's answer has a data centre, reached as ``like`` is (IPv4 or IPv6); a key without its key.
    Raises TelegramError (DC_ID_INVALID)."""
    for each in config.dc_options if dc_id in DC_IDS else ():
        is_main = not (each.cdn or each.media_only or each.tcpo_only)
        if each.id == dc_id and bool(each.ipv6) == like.is_ipv6 and is_main:
            return Key(dc_id, each.ip_address, each.port)
    raise TelegramError("DC_ID_INVALID")


async def carried_over(connector: Connector, wire: Wire, key: Key, dc_id: int) -> tuple[Wire, Key]:
    """An open connection to another data centre, signed in by what ``wire`` (with ``key``) exports. Raises
    TelegramError."""
    exported = await wire.invoke(F.auth.ExportAuthorizationRequest(dc_id))
    there = address_in(await wire.invoke(F.help.GetConfigRequest()), dc_id, like=key)
    other, other_key = await connector.open(there)
    try:
        await other.invoke(F.auth.ImportAuthorizationRequest(exported.id, exported.bytes))
    except TelegramError as error:
        await other.fail(error)
        raise
    return other, other_key


async def move(connector: Connector, key: Key, dc_id: int) -> tuple[Key, Checkpoint]:
    """Follow an account that Telegram has moved: its new key there, and the state to begin from. Raises TelegramError.

    The account's own connection must be closed: its key is used here.
    """
    wire, _ = await connector.open(key)
    try:
        other, other_key = await carried_over(connector, wire, key, dc_id)
    finally:
        await wire.close()
    try:
        return other_key, await first_state(other.invoke)
    finally:
        await other.close()


class OtherDataCentres:
    """An account's connections to other data centres, one for each, opened when first needed."""

    def __init__(self, connector: Connector, key: Key) -> None:
        self._connector, self._key = connector, key
        self._wires: dict[int, Wire] = {}
        self._opening = asyncio.Lock()

    async def invoke(self, wire: Wire, dc_id: int, request: Any) -> Any:
        """Ask at the data centre ``dc_id``; ``wire`` is the account's own connection. Raises TelegramError."""
        async with self._opening:
            other = self._wires.get(dc_id)
            if other is None or other.ended.done():
                other, _ = await carried_over(self._connector, wire, self._key, dc_id)
                self._wires[dc_id] = other
        return await other.invoke(request)

    def abort(self) -> None:
        """Close the sockets at once, from whatever thread."""
        for wire in list(self._wires.values()):
            wire.abort()

    async def close(self) -> None:
        await asyncio.gather(*(wire.close() for wire in self._wires.values()))
