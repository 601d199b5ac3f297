"""Pages' ends of live sockets to the application in this process, signed in as anybody."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from apps.chats.live.hub import hub
from apps.chats.models import Chat
from apps.chats.payloads import PROTOCOL
from tests.kit import world
from tests.kit.frame_types import faults
from tgadmin.asgi import application

PATIENCE = 10
"""Seconds after which a frame that does not come fails the test."""


class Page:
    """A page's end of a socket."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self.communicator = communicator

    async def send(self, **frame: Any) -> None:
        await self.communicator.send_to(text_data=json.dumps(frame))

    async def receive(self, *types: str) -> dict[str, Any]:
        """The next frame of one of these types; others (a status, a list row) are passed over."""
        while True:
            frame: dict[str, Any] = json.loads(await self.communicator.receive_from(PATIENCE))
            assert faults(frame) == []
            if frame["type"] in types:
                return frame

    async def until(self, wanted: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The first frame that is wanted; ``{"type": "closed", "code": …}`` when the server closes before."""
        while True:
            event = await self.communicator.receive_output(PATIENCE)
            if event["type"] == "websocket.close":
                return {"type": "closed", "code": event["code"]}
            frame: dict[str, Any] = json.loads(event["text"])
            if wanted(frame):
                return frame

    async def closed(self) -> int:
        """The code with which the server closes."""
        while True:
            event = await self.communicator.receive_output(PATIENCE)
            if event["type"] == "websocket.close":
                return int(event["code"])

    async def hello(self) -> "Page":
        await self.send(type="hello", version=PROTOCOL)
        await self.receive("welcome")
        return self

    async def follow(self, chat: Chat, **resume: Any) -> "Page":
        await self.hello()
        await self.send(type="list", session=chat.session_id)
        await self.receive("list")
        await self.send(type="open", chat=chat.pk, **resume)
        return self


Connect = Callable[..., Awaitable[Page]]


@pytest.fixture
async def connect(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Opens sockets to the real application, signed in as a user or not."""
    # Threads of the pool must not keep connections beyond the test.
    monkeypatch.setitem(connections.databases["default"], "CONN_MAX_AGE", 0)
    opened: list[WebsocketCommunicator] = []

    async def open_socket(user: User | None = None, origin: str = "http://localhost") -> Page:
        headers = [(b"origin", origin.encode()), (b"host", b"localhost")]
        if user is not None:
            client = Client()
            await sync_to_async(client.force_login)(user)
            cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
            headers.append((b"cookie", cookie.encode()))
        communicator = WebsocketCommunicator(application, "/ws/live/", headers)
        opened.append(communicator)
        accepted, _ = await communicator.connect(PATIENCE)
        if not accepted:
            raise ConnectionRefusedError
        return Page(communicator)

    yield open_socket
    for communicator in opened:
        with suppress(asyncio.CancelledError):  # a test that failed waiting has cancelled its consumer
            await communicator.disconnect(timeout=PATIENCE)
    for watcher in hub().watchers:
        await hub().remove(watcher)
    await sync_to_async(connections.close_all)()  # those of the thread in which asynchronous ORM calls run


@sync_to_async
def run(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


@sync_to_async
def arrives(chat: Chat, telegram_id: int, text: str) -> None:
    world.says(chat, telegram_id, text)
