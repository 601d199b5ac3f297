"""The measuring end: sockets that note when each text of the data centre arrived, by its number."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.chats.payloads import PROTOCOL
from benchmarks.websocket import Peer

STAMP = re.compile(rb"b:(\d+):(\d+);")
QUIET_SECONDS = 1.5
"""Longer than the once-a-second look that finds what a wake-up missed."""
AT_ONCE = 20
"""Sockets that are opened at the same time."""
EVENTS, PAGES = b'{"type":"events"', (b'{"type":"reset"', b'{"type":"opened"')


@dataclass
class Watcher:
    """One socket on one chat. ``seen`` has the milliseconds each numbered text took."""

    chat: int
    seen: dict[int, float] = field(default_factory=dict)
    peer: Peer | None = None
    twice: int = 0

    def note(self, body: bytes) -> None:
        now = time.monotonic_ns()
        for number, sent in STAMP.findall(body):
            if int(number) in self.seen:
                self.twice += 1
            else:
                self.seen[int(number)] = (now - int(sent)) / 1e6

    def reset(self) -> None:
        self.seen.clear()
        self.twice = 0


class _Asked:
    """Answers of a socket that somebody waits for, by how their frames begin."""

    def __init__(self) -> None:
        self.waiting: tuple[tuple[bytes, ...], asyncio.Future[None]] | None = None

    def look(self, body: bytes) -> None:
        if self.waiting is not None and body.startswith(self.waiting[0]) and not self.waiting[1].done():
            self.waiting[1].set_result(None)

    async def answer(self, starts: tuple[bytes, ...]) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting = (starts, future)
        await asyncio.wait_for(future, 60)
        self.waiting = None


async def open_ours(watcher: Watcher, port: int, session: int, cookie: str) -> None:
    """A page's socket: hello, the session's list, one chat."""
    asked = _Asked()
    live = False

    def heard(peer: Peer, body: bytes) -> None:
        if live and body.startswith(EVENTS):  # a chat's row in "chats" holds the text too: only the open chat counts
            watcher.note(_without_row(body))
        else:
            asked.look(body)

    peer = watcher.peer = await _connect(port, heard)
    headers = {"Cookie": f"sessionid={cookie}", "Origin": f"http://127.0.0.1:{port}"}
    peer.ask(f"127.0.0.1:{port}", "/ws/live/", headers)
    await asyncio.wait_for(peer.opened, 60)
    for frame, starts in (
        ({"type": "hello", "version": PROTOCOL}, (b'{"type":"welcome"',)),
        ({"type": "list", "session": session}, (b'{"type":"list"',)),
        ({"type": "open", "chat": watcher.chat}, PAGES),
    ):
        waiting = asyncio.ensure_future(asked.answer(starts))
        await asyncio.sleep(0)
        peer.send(json.dumps(frame))
        await waiting
    live = True


def _without_row(body: bytes) -> bytes:
    """The frame without the chat's list row, which repeats the last text."""
    return body.rpartition(b',"row":')[0] or body


async def open_bare(watcher: Watcher, port: int) -> None:
    """A socket of the bare relay."""
    asked = _Asked()

    def heard(peer: Peer, body: bytes) -> None:
        if body.startswith(PAGES):
            asked.look(body)
        else:
            watcher.note(body)

    peer = watcher.peer = await _connect(port, heard)
    peer.ask(f"127.0.0.1:{port}", "/", {})
    await asyncio.wait_for(peer.opened, 60)
    waiting = asyncio.ensure_future(asked.answer(PAGES))
    await asyncio.sleep(0)
    peer.send(json.dumps({"chat": watcher.chat}))
    await waiting


async def _connect(port: int, heard: Callable[[Peer, bytes], None]) -> Peer:
    loop = asyncio.get_running_loop()
    _, peer = await loop.create_connection(lambda: Peer(heard, is_server=False), "127.0.0.1", port)
    return peer


async def opened(openings: Sequence[Any]) -> None:
    """All of them, a few at a time."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(opening: Any) -> None:
        async with gate:
            await opening

    await asyncio.gather(*map(one, openings))


async def feed(call: Callable[[], Any], watchers: Sequence[Watcher], expected: int) -> None:
    """Run the feed; then wait until all has arrived, or nothing more comes. ``expected``: arrivals in all."""
    await asyncio.to_thread(call)
    before, since = -1, time.monotonic()
    while (now := sum(len(watcher.seen) for watcher in watchers)) < expected:
        if now != before:
            before, since = now, time.monotonic()
        elif time.monotonic() - since > QUIET_SECONDS:
            return
        await asyncio.sleep(0.05)


async def keep_alive(watchers: Sequence[Watcher]) -> None:
    """What a page does every 15 s, spread over that time; for ever."""
    while True:
        for watcher in watchers:
            if watcher.peer is not None:
                watcher.peer.send('{"type":"ping"}')
            await asyncio.sleep(15 / len(watchers))


def close_all(watchers: Sequence[Watcher]) -> None:
    for watcher in watchers:
        if watcher.peer is not None:
            watcher.peer.close()
