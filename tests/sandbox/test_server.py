"""The data centre as a stock client meets it: every transport, parallel clients, lost connections, restarts."""

from collections.abc import Awaitable, Callable

import pytest
from telethon import TelegramClient
from telethon.network import (
    Connection,
    ConnectionTcpAbridged,
    ConnectionTcpFull,
    ConnectionTcpIntermediate,
    ConnectionTcpObfuscated,
)
from telethon.tl import functions, types

Stranger = Callable[..., Awaitable[TelegramClient]]


@pytest.mark.parametrize(
    "transport", [ConnectionTcpFull, ConnectionTcpAbridged, ConnectionTcpIntermediate, ConnectionTcpObfuscated]
)
async def test_stock_client_connects_over_every_transport(stranger: Stranger, transport: type[Connection]) -> None:
    client = await stranger(connection=transport)
    nearest = await client(functions.help.GetNearestDcRequest())
    assert nearest == types.NearestDc("DE", 1, 1)
