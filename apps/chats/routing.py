"""Addresses of the sockets, and what happens before a consumer is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from channels.auth import AuthMiddleware, get_user
from channels.routing import URLRouter
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.db import Error as DatabaseError
from django.urls import URLPattern, path

from apps.chats.consumers import BUSY, LiveConsumer
from apps.chats.origin import OriginChecked
from apps.chats.threads import read
from tgadmin.core import pool

App = Callable[[Any, Any, Any], Awaitable[Any]]

websocket_urlpatterns: list[URLPattern] = [path("ws/live/", LiveConsumer.as_asgi())]


class SignedIn(AuthMiddleware):
    """Channels', but it looks in the sockets' threads: its own is a single one, in which all would wait for one."""

    async def resolve_scope(self, scope: Any) -> None:
        scope["user"]._wrapped = await read(get_user.func, scope)


class BusyIsSaid:
    """Closes with 4503 when no database connection is free to look who connects; the page comes back by itself."""

    def __init__(self, inner: App) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        accepted = False

        async def sending(event: dict[str, Any]) -> None:
            nonlocal accepted
            accepted = accepted or event["type"] == "websocket.accept"
            await send(event)

        try:
            await self._inner(scope, receive, sending)
            return
        except DatabaseError as error:
            if accepted or pool.trouble(error) is None:
                raise
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": BUSY})


def websocket_application() -> App:
    """Who connects is known from the login cookie, and comes from a page of ours."""
    inner: App = CookieMiddleware(SessionMiddleware(SignedIn(URLRouter(websocket_urlpatterns))))
    return OriginChecked(BusyIsSaid(inner))
