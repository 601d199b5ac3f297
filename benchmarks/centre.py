"""The data centre of a benchmark, in a process of its own: the sandbox with accounts, keys and streams ready to go.

Texts are ``b:<number>:<time.monotonic_ns>;`` written at the moment of sending: that clock is the machine's, so whoever
reads the text knows how long it took.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import os
import random
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from telethon.tl import types

from benchmarks.lines import run_helper
from sandbox.protocol import salts
from sandbox.protocol.cipher import encrypt
from sandbox.protocol.connection import Connection
from sandbox.protocol.session import Session
from sandbox.server import Sandbox

CHUNK, HIGH_WATER = 256 * 1024, 1024 * 1024


@dataclass
class Stream:
    """Encrypted packets that wait for one client."""

    connection: Connection
    packets: list[bytes] = field(default_factory=list)


class Centre:
    """What the parent may ask for."""

    def __init__(self) -> None:
        self._sandbox: Sandbox | None = None
        self._numbers = iter(range(10_000_000))
        self._streams: dict[int, Stream] = {}
        self._feed: asyncio.Task[int] | None = None

    @property
    def sandbox(self) -> Sandbox:
        assert self._sandbox is not None
        return self._sandbox

    async def start(self, folder: str) -> dict[str, Any]:
        """Start; where it listens and where its public key lies."""
        self._sandbox = Sandbox(rsa_key_path=f"{folder}/rsa.pem", codes_path=f"{folder}/codes.jsonl", seed=1)
        await self._sandbox.start()
        public = f"{folder}/public.pem"
        await asyncio.to_thread(Path(public).write_text, self._sandbox.public_key_pem)
        return {"host": self._sandbox.host, "port": self._sandbox.port, "public_key": public}

    async def accounts(self, count: int, friends: int) -> list[dict[str, Any]]:
        """New accounts that are signed in, with ``friends`` of each who have written to them once."""
        made = [self._account(friends) for _ in range(count)]
        self.sandbox.deliver()
        return made

    def _account(self, friends: int) -> dict[str, Any]:
        world, phone = self.sandbox.world, f"4915{next(self._numbers):09}"
        user = world.accounts.create(phone, f"Account {phone[-4:]}", "").user_id
        secret = os.urandom(256)
        key = self.sandbox.ring.create(secret, user_id=user, dc_id=1, created=int(time.time()))
        friend_ids = []
        for number in range(friends):
            friend = world.accounts.create(f"4916{next(self._numbers):09}", f"Friend {number}", "").user_id
            world.send(friend, user, "hello")
            friend_ids.append(friend)
        state = world.updates.state(user, key)
        return {
            "user_id": user,
            "phone": phone,
            "auth_key": base64.b64encode(secret).decode(),
            "key_id": key.id,
            "friends": friend_ids,
            "state": [state.pts, state.qts, int(state.date), state.seq],
        }

    async def connected(self, users: list[int]) -> int:
        """How many of these accounts have a connection in use at this moment."""
        return sum(self._live_session(user) is not None for user in users)

    def _live_session(self, user: int) -> Session | None:
        live = [one for one in self.sandbox.sessions_of(user) if one.connection is not None and one.updates]
        return live[-1] if live else None

    # --- a steady feed -----------------------------------------------------------------------------------------

    async def feed(self, targets: list[list[int]], rate: float, count: int) -> int:
        """Send ``count`` messages, ``rate`` a second, over the targets ([from, to]) in a shuffled round; how many."""
        order = random.Random(7)
        queue: list[list[int]] = []
        began = time.monotonic()
        for number in range(count):
            if (wait := began + number / rate - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            if not queue:
                queue = order.sample(targets, len(targets))
            sender, peer = queue.pop()
            self.sandbox.world.send(sender, peer, f"b:{number}:{time.monotonic_ns()};")
            self.sandbox.deliver()
        return count

    # --- a prepared stream -------------------------------------------------------------------------------------

    async def prepare(self, user: int, friends: list[int], count: int, burst: int) -> dict[str, int]:
        """Write ``count`` messages to the account, and encrypt them for its one connection, ``burst`` updates in each
        container, without sending any. The account's pts afterwards."""
        session = self._live_session(user)
        if session is None or session.connection is None:
            raise RuntimeError("the account is not connected")
        stream = Stream(session.connection)
        pending: list[types.Updates] = []
        for number in range(count):
            pending += self._captured(friends[number % len(friends)], user, f"message {number} of a prepared stream")
            if len(pending) >= burst or number == count - 1:
                stream.packets.append(self._encrypted(session, pending))
                pending = []
            if number % 50 == 49:
                await asyncio.sleep(0)  # pings are answered meanwhile
        self._streams[user] = stream
        return {"pts": self.sandbox.world.boxes.box(user).pts, "bytes": sum(map(len, stream.packets))}

    def _captured(self, sender: int, user: int, text: str) -> list[types.Updates]:
        """A message sent as any other, its push kept instead of delivered."""
        kept: list[types.Updates] = []

        def keep(to: int, updates: Any, exclude: int | None) -> None:
            if to == user:
                kept.append(updates)

        world = self.sandbox.world
        deliver, world.pusher = world.pusher, keep
        try:
            world.send(sender, user, text)
        finally:
            world.pusher = deliver
        return kept

    def _encrypted(self, session: Session, parts: list[types.Updates]) -> bytes:
        users = {each.id: each for part in parts for each in part.users}
        chats = {each.id: each for part in parts for each in part.chats}
        updates = [each for part in parts for each in part.updates]
        body = bytes(types.Updates(updates, list(users.values()), list(chats.values()), parts[-1].date, parts[-1].seq))
        # The session makes the number of the message; what it queues is taken out again and encrypted here.
        sent = session.send(body)
        if sent not in session._queue:
            raise RuntimeError("the client's connection has ended")
        session._queue.remove(sent)
        key = session.key
        salt = salts.current(key, self.sandbox.clock())
        head = (session._key_id, salt, session.session_id, sent.msg_id, sent.seqno)
        return encrypt(key.key, *head, body)

    async def go(self, user: int) -> dict[str, int]:
        """Write the prepared packets as fast as the client takes them; times of the first and last byte (ns)."""
        stream = self._streams.pop(user)
        transport = stream.connection._transport
        assert transport is not None
        began = time.monotonic_ns()
        chunk: list[bytes] = []
        size = 0
        for packet in stream.packets:
            chunk.append(stream.connection._framing.wrap(packet))
            size += len(packet)
            if size >= CHUNK:
                transport.write(b"".join(chunk))
                chunk, size = [], 0
                await _written(transport, HIGH_WATER)
        transport.write(b"".join(chunk))
        await _written(transport, 0)
        return {"began": began, "ended": time.monotonic_ns()}

    async def blast(self, user: int) -> dict[str, int]:
        """The same bytes to a raw reader that throws them away: how fast this process could be."""
        stream = self._streams.pop(user)
        listener = socket.create_server(("127.0.0.1", 0))
        done = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(1)
            for packet in stream.packets:
                writer.write(stream.connection._framing.wrap(packet))
                if writer.transport.get_write_buffer_size() > HIGH_WATER:
                    await writer.drain()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            done.set()

        async with await asyncio.start_server(serve, sock=listener):
            began = time.monotonic_ns()
            await asyncio.to_thread(_discard, listener.getsockname())
            ended = time.monotonic_ns()
            await done.wait()
        return {"began": began, "ended": ended}


async def _written(transport: asyncio.Transport, most: int) -> None:
    """Until no more than that is left to write. The protocol is the data centre's own and is told nothing by us."""
    while transport.get_write_buffer_size() > most:  # noqa: ASYNC110  nothing to wake
        await asyncio.sleep(0.001)


def _discard(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as raw:
        raw.sendall(b"!")
        while raw.recv(CHUNK):
            pass


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    centre = Centre()
    names = ("start", "accounts", "connected", "feed", "prepare", "go", "blast")
    run_helper({name: getattr(centre, name) for name in names})


if __name__ == "__main__":
    main()
