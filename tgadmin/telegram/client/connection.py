"""How connections to Telegram are made: the way that they take, and how we introduce ourselves on each."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from telethon import functions as F  # noqa: N812

from tgadmin import __version__
from tgadmin.core.errors import TelegramError
from tgadmin.core.proxies import Proxy
from tgadmin.telegram._telethon import Pings, Wire
from tgadmin.telegram.client.keys import Key
from tgadmin.telegram.client.network import Network

DEVICE = "tgadmin"


@dataclass(frozen=True)
class Connector:
    """Makes the connections of one account, or of one sign-in, all in the same way.

    ``allowed`` is asked before a connection is made and before each packet; when it says no, the socket is closed.
    ``timeout`` is in seconds, for each request.
    """

    network: Network
    proxy: Proxy | None
    allowed: Callable[[], bool]
    timeout: float
    pings: Pings | None = None

    def wire(self, key: Key) -> Wire:
        """A connection that is not made yet: ``open`` it with ``introduction``."""
        self.network.install()
        return Wire(
            (key.dc_id, key.server_address, key.port),
            key.auth_key,
            allowed=self.allowed,
            timeout=self.timeout,
            pings=self.pings,
            local_address=self.network.local_address,
            proxy=self.proxy,
        )

    async def open(self, key: Key, *, updates: bool = False) -> tuple[Wire, Key]:
        """A connection, and its key, which is a new one if ``key`` has none. Raises TelegramError.

        ``updates``: Telegram sends updates on it.
        """
        wire = self.wire(key)
        try:
            await wire.open(introduction(self.network, updates=updates))
        except TelegramError as error:
            await wire.fail(error)
            raise
        return wire, key.with_auth_key(wire.auth_key.key)


def introduction(network: Network, *, updates: bool) -> Any:
    """initConnection with the first request inside; ``updates`` False: Telegram sends no updates on this connection."""
    request = F.InitConnectionRequest(
        api_id=network.api_id,
        device_model=DEVICE,
        system_version=f"{platform.system()} {platform.release()}".strip() or "unknown",
        app_version=__version__,
        system_lang_code="en",
        lang_pack="",  # of official applications only
        lang_code="en",
        query=F.help.GetConfigRequest(),
    )
    return request if updates else F.InvokeWithoutUpdatesRequest(request)
