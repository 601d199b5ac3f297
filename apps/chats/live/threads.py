"""Where the loop's code calls synchronous selectors and services."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings

from tgadmin.database.threads import Threads

_threads = Threads(settings.SOCKET_THREADS, "sockets")


async def read(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a selector or service in a thread that gives its database connection back, whatever becomes of the caller.

    The threads are the sockets' own, half as many as connections: where sockets hang, pages do not."""
    return await sync_to_async(function, thread_sensitive=False, executor=_threads)(*args, **kwargs)


def begin(function: Callable[[], Any]) -> Future[Any]:
    """The same before there is a loop."""
    return _threads.submit(function)


class Shared:
    """Reads that many ask for at the same moment, as all pages do after a restart: those who ask for the same thing
    while it is being read get the next reading of it, one for all of them. So everybody gets what was stored when they
    asked, or later. Lives in one event loop."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[Any]] = {}
        self._next: dict[Hashable, asyncio.Task[Any]] = {}

    async def read(self, function: Callable[..., Any], about: Hashable, *args: Any) -> Any:
        """What the function gives for ``args``, which mean the same whenever ``about`` is the same. It is given to all
        who asked: nobody may change it. Raises what the function raises."""
        key = (function, about)
        task = self._next.get(key)
        if task is None:
            task = self._next[key] = asyncio.create_task(self._read(key, function, args))
            task.add_done_callback(_seen)
        return await asyncio.shield(task)  # others wait for it too

    async def _read(self, key: Hashable, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        number = self._next[key]
        if (before := self._running.get(key)) is not None:
            await asyncio.wait((before,))
        del self._next[key]
        self._running[key] = number
        try:
            return await read(function, *args)
        finally:
            if self._running.get(key) is number:
                del self._running[key]


def _seen(task: asyncio.Task[Any]) -> None:
    """An error is no news when everybody who asked has left."""
    if not task.cancelled():
        task.exception()
