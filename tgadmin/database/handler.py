"""Django's ASGI handler, for any server: a request's synchronous code runs in threads that give their connections back,
and a server that kills a request (daphne does 10 s after its client has left) kills nothing of its clean-up."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from asgiref.sync import ThreadSensitiveContext
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import HttpRequest, HttpResponse

from tgadmin.core import pool
from tgadmin.database.threads import Lane, Threads
from tgadmin.middleware import in_trouble

log = logging.getLogger(__name__)

Event = Mapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
View = Callable[[HttpRequest], Awaitable[HttpResponse]]

WAITING = 100
"""Requests that may wait for a thread; further ones are refused."""


class Handler(ASGIHandler):
    """``quick``: paths that are answered by a view alone, on the loop: no middleware, no thread, no database connection
    of the pool, however busy the process is."""

    def __init__(self, threads: Threads, quick: Mapping[str, View]) -> None:
        super().__init__()
        self._threads = threads
        self._quick = quick
        self._going_on: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        view = self._quick.get(scope.get("path", "").removeprefix(get_script_prefix(scope).rstrip("/")))
        if view is None and self._threads.waiting >= WAITING:
            view = _busy
        if view is not None and scope["type"] == "http":
            await self._answer(view, scope, send)
            return
        line = _Line(receive, send)
        work = asyncio.create_task(self._work(scope, line))
        self._going_on.add(work)
        work.add_done_callback(self._ended)
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            line.cut()
            raise

    async def _work(self, scope: Any, line: _Line) -> None:
        async with ThreadSensitiveContext(executor=Lane(self._threads)):
            await self.handle(scope, line.receive, line.send)

    def _ended(self, work: asyncio.Task[None]) -> None:
        self._going_on.discard(work)
        if not work.cancelled() and (error := work.exception()) is not None:
            log.debug("a request ended with %s", type(error).__name__)  # whoever waits for it gets the exception

    async def _answer(self, view: View, scope: Any, send: Send) -> None:
        request, refusal = self.create_request(scope, io.BytesIO())
        response = await view(request) if request is not None else refusal
        assert response is not None  # Django's: a request or its refusal  # noqa: S101
        response["X-Content-Type-Options"] = "nosniff"
        await self.send_response(response, send)
        response.close()


class _Line:
    """What connects a request with its server. Once it is cut, the client is gone, as far as Django hears."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._getting: asyncio.Future[Event] | None = None
        self._is_cut = False

    def cut(self) -> None:
        self._is_cut = True
        if self._getting is not None:
            self._getting.cancel()

    async def receive(self) -> Event:
        if not self._is_cut:
            self._getting = asyncio.ensure_future(self._receive())
            try:
                return await self._getting
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if not self._is_cut or (task is not None and task.cancelling()):
                    raise
        return {"type": "http.disconnect"}

    async def send(self, event: Event) -> None:
        if not self._is_cut:
            await self._send(event)


async def _busy(request: HttpRequest) -> HttpResponse:
    return in_trouble(request, pool.FULL)
