"""Where the loop's code calls synchronous selectors and services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings

from tgadmin.database.threads import Threads

_threads = Threads(settings.SOCKET_THREADS, "sockets")


async def read(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a selector or service in a thread that gives its database connection back, whatever becomes of the caller.

    The threads are the sockets' own, half as many as connections: where sockets hang, pages do not."""
    return await sync_to_async(function, thread_sensitive=False, executor=_threads)(*args, **kwargs)
