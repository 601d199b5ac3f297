"""Open pages: clients of the live socket (docs/socket-protocol.md) that keep what they show and come back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import uuid
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from apps.chats.payloads import PROTOCOL
from benchmarks.websocket import Peer
from tgadmin.local.ports import LOOPBACK

AGAIN_SECONDS = 0.1  # until the next try to connect
PING_SECONDS = 15.0
HELLO_SECONDS = 5.0
TRANSIENT = ("BUSY",)
"""Errors after which a page sends the same again."""


@dataclass
class _Waiting:
    """A message that the server has not confirmed."""

    chat: int
    text: str
    row: Future[int] = field(default_factory=Future)


class Page:
    """One page: follows the list of one session and one chat (row ids). ``messages`` is what it shows, by row."""

    def __init__(self, port: int, cookie: str, session: int, chat: int) -> None:
        self.session, self.chat = session, chat
        self.messages: dict[int, dict[str, Any]] = {}
        self._first = 0  # Telegram's id of the oldest that it shows
        self.at = 0  # the number of the last event that it knows
        self.connections = 0
        self.resets = 0
        self.replays = 0
        self.errors: list[str] = []
        self._epoch: str | None = None
        self._cookie = cookie
        self._port = port
        self._socket: _Socket | None = None
        self._follows = self._greeted = False
        self._outbox: dict[str, _Waiting] = {}  # by cid, in the order in which they were written

    @property
    def connected(self) -> bool:
        """Greeted, and following its chat."""
        return self._socket is not None and self._follows

    def write(self, chat: int, text: str) -> Future[int]:
        """Write into a chat (row): the future gives the message's row once the server has it. Until then it is sent
        again under the same cid over each new connection. In the pages' loop."""
        cid = str(uuid.uuid4())
        waiting = self._outbox[cid] = _Waiting(chat, text)
        self._send(cid)
        return waiting.row

    def _send(self, cid: str) -> None:
        if self._greeted:
            self._say(type="send", ref=cid, cid=cid, chat=self._outbox[cid].chat, text=self._outbox[cid].text)

    async def run(self) -> None:
        """Connected whenever that is possible, for ever."""
        while True:
            with contextlib.suppress(OSError, TimeoutError):
                await self._live()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _live(self) -> None:
        socket = _Socket(self)
        await asyncio.get_running_loop().create_connection(lambda: socket, LOOPBACK, self._port)
        self._socket = socket
        try:
            host = f"{LOOPBACK}:{self._port}"
            socket.ask(host, "/ws/live/", {"Cookie": f"sessionid={self._cookie}", "Origin": f"http://{host}"})
            await asyncio.wait_for(socket.opened, HELLO_SECONDS)
            socket.say(type="hello", version=PROTOCOL)
            while not socket.ended.done():
                await asyncio.wait((socket.ended,), timeout=PING_SECONDS)
                socket.say(type="ping")
        finally:
            self._socket, self._follows, self._greeted = None, False, False
            socket.close()

    def heard(self, frame: dict[str, Any]) -> None:
        """Do with a frame what a page does."""
        match frame["type"]:
            case "welcome":
                self.connections += 1
                self._say(type="list", session=self.session)
                self._open()
                self._greeted = True
                for cid in self._outbox:
                    self._send(cid)
            case "ok" if frame["ref"] in self._outbox:
                self._outbox.pop(frame["ref"]).row.set_result(frame["message"]["id"])
            case "error" if frame["ref"] in self._outbox and frame["code"] in TRANSIENT:
                asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._send_again, frame["ref"])
            case "reset" if frame["page"]:
                page = frame["page"]
                self.resets += 1
                self.messages = {one["id"]: one for one in page["messages"]}
                self._first = min((one["tid"] for one in page["messages"] if one["tid"] is not None), default=0)
                self.at, self._epoch = page["at"], page["epoch"]
                self._follows = True
            case "opened":
                self.replays += 1
                self._follows = True
            case "events" if frame["chat"] == self.chat:
                self._events(frame)
            case "error" | "gone":
                self.errors.append(f"{frame['type']} {frame.get('code', '')}")

    def _send_again(self, cid: str) -> None:
        if cid in self._outbox:
            self._send(cid)

    def _events(self, frame: dict[str, Any]) -> None:
        if frame["after"] > self.at:
            self._open()  # something is missing between
        elif frame["to"] > self.at:
            for one in frame["messages"]:
                if one["tid"] is None or one["tid"] >= self._first:  # what is above is not shown
                    self.messages[one["id"]] = one
            for row in frame["removed"]:
                self.messages.pop(row, None)
            self.at = frame["to"]

    def _open(self) -> None:
        known = {"epoch": self._epoch, "after": self.at} if self._epoch else {}
        self._say(type="open", chat=self.chat, **known)

    def _say(self, **frame: Any) -> None:
        if self._socket is not None:
            self._socket.say(**frame)


class _Socket(Peer):
    def __init__(self, page: Page) -> None:
        super().__init__(lambda _, body: page.heard(json.loads(body)), is_server=False)
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def say(self, **frame: Any) -> None:
        self.send(json.dumps(frame))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if not self.ended.done():
            self.ended.set_result(None)


class Pages:
    """Pages in a thread of their own."""

    def __init__(self) -> None:
        self.all: list[Page] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def open(self, port: int, cookie: str, session: int, chat: int) -> Page:
        page = Page(port, cookie, session, chat)
        self.all.append(page)
        asyncio.run_coroutine_threadsafe(page.run(), self._loop)
        return page

    def write(self, page: Page, chat: int, text: str) -> Future[int]:
        """Page.write, from any thread."""
        written: Future[int] = Future()

        async def write() -> None:
            page.write(chat, text).add_done_callback(lambda row: written.set_result(row.result()))

        asyncio.run_coroutine_threadsafe(write(), self._loop).result(10)
        return written

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
