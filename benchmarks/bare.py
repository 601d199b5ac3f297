"""What one would write instead: Telethon alone, nothing stored. A process of its own, told what to be."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections import defaultdict
from typing import Any

from telethon import TelegramClient, events
from telethon.crypto import AuthKey
from telethon.sessions import StringSession

from benchmarks.lines import run_helper
from benchmarks.websocket import Peer

AT_ONCE = 50
"""Clients that are connected at the same time."""


class Bare:
    """Stock clients with a StringSession each, as Telethon's documentation shows them."""

    def __init__(self) -> None:
        self._clients: list[TelegramClient] = []
        self._count = 0
        self._wanted = 0
        self._reached: asyncio.Future[int] | None = None
        self._sockets: dict[int, set[Peer]] = defaultdict(set)
        self._server: asyncio.Server | None = None

    async def connect(self, accounts: list[dict[str, Any]], host: str, port: int) -> float:
        """Connect these accounts; seconds until all were."""
        began = time.monotonic()
        gate = asyncio.Semaphore(AT_ONCE)
        clients = [self._client(account, host, port) for account in accounts]

        async def one(client: TelegramClient) -> None:
            async with gate:
                await client.connect()
                await client.get_me()

        await asyncio.gather(*map(one, clients))
        self._clients += clients
        return time.monotonic() - began

    def _client(self, account: dict[str, Any], host: str, port: int) -> TelegramClient:
        session = StringSession()
        session.set_dc(1, host, port)
        session.auth_key = AuthKey(base64.b64decode(account["auth_key"]))
        return TelegramClient(StringSession(session.save()), 1, "0" * 32)

    async def disconnect(self) -> None:
        await asyncio.gather(*(client.disconnect() for client in self._clients))
        self._clients.clear()

    # --- ingest: an empty handler --------------------------------------------------------------------------------

    async def listen(self) -> None:
        """A handler for new messages that does nothing but count."""

        async def handler(event: events.NewMessage.Event) -> None:
            self._count += 1
            if self._count == self._wanted and self._reached is not None:
                self._reached.set_result(time.monotonic_ns())

        self._clients[0].add_event_handler(handler, events.NewMessage)

    async def expect(self, count: int) -> None:
        """From now on so many messages are expected."""
        self._count, self._wanted = 0, count
        self._reached = asyncio.get_running_loop().create_future()

    async def reached(self, seconds: float) -> int:
        """When the last of them was handled (ns)."""
        assert self._reached is not None
        return await asyncio.wait_for(self._reached, seconds)

    # --- relay: handler -> websocket -----------------------------------------------------------------------------

    async def relay(self) -> int:
        """Serve websockets; a socket names a chat and gets its new messages. The port."""
        sockets = self._sockets

        def heard(peer: Peer, body: bytes) -> None:
            sockets[int(json.loads(body)["chat"])].add(peer)
            peer.send('{"type":"opened"}')

        async def handler(event: events.NewMessage.Event) -> None:
            text = json.dumps({"chat": event.chat_id, "id": event.id, "text": event.raw_text})
            for peer in list(sockets[event.chat_id]):
                if peer.lost:
                    sockets[event.chat_id].discard(peer)
                else:
                    peer.send(text)

        for client in self._clients:
            client.add_event_handler(handler, events.NewMessage)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Peer(heard, is_server=True), "127.0.0.1", 0, backlog=2048)
        return int(self._server.sockets[0].getsockname()[1])


def main() -> None:
    logging.basicConfig(level=logging.ERROR)
    bare = Bare()
    names = ("connect", "disconnect", "listen", "expect", "reached", "relay")
    run_helper({name: getattr(bare, name) for name in names})


if __name__ == "__main__":
    main()
