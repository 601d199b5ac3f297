"""Where the loop's code calls synchronous selectors and services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from channels.db import database_sync_to_async


async def read(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a selector or service in a thread of the pool, not in the one thread that all synchronous code shares."""
    return await database_sync_to_async(function, thread_sensitive=False)(*args, **kwargs)
