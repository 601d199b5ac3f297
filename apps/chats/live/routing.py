"""Addresses of the sockets, and what happens before a consumer is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from channels.auth import AuthMiddleware, get_user
from channels.routing import URLRouter
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.urls import URLPattern, path

from apps.chats.live.consumers import BUSY, LiveConsumer
from apps.chats.live.hub.bad import AWAY, is_away
from apps.chats.live.origin import OriginChecked
from apps.chats.live.threads import read
from tgadmin.core import pool

App = Callable[[Any, Any, Any], Awaitable[Any]]

websocket_urlpatterns: list[URLPattern] = [path("ws/live/", LiveConsumer.as_asgi())]


AWAY_SECONDS, AGAIN_SECONDS = 4.0, 0.2
"""How long who connects is kept while the database is away (a server waits 5 s for an answer), and how often that is
tried again."""


class SignedIn(AuthMiddleware):
    """Channels', but it looks in the sockets' threads: its own is a single one, in which all would wait for one."""

    async def resolve_scope(self, scope: Any) -> None:
        scope["user"]._wrapped = await read(get_user.func, scope)  # noqa: SLF001 - as Channels' own does


class BusyIsSaid:
    """Closes with 4503 when no database connection is free to look who connects, or the database is away for long; the
    page comes back by itself."""

    def __init__(self, inner: App) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        begun = False

        async def receiving() -> Any:
            nonlocal begun
            begun = True
            return await receive()

        until = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                await self._inner(dict(scope), receiving, send)
                return
            except AWAY as error:
                if begun:  # the consumer is there, and its own affair
                    raise
                if pool.trouble(error) is pool.FULL or not is_away(error) or time.monotonic() > until:
                    break
            await asyncio.sleep(AGAIN_SECONDS)
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": BUSY})


def websocket_application() -> App:
    """Who connects is known from the login cookie, and comes from a page of ours."""
    inner: App = CookieMiddleware(SessionMiddleware(SignedIn(URLRouter(websocket_urlpatterns))))
    return OriginChecked(BusyIsSaid(inner))
