"""When all database connections of a process are taken, and enough others wait for one: refuse, rather than pile up."""

from __future__ import annotations

from psycopg_pool import PoolTimeout, TooManyRequests

RETRY_AFTER = 2
"""Seconds after which somebody who was refused may try again."""
SAYS = "The server has more to do than it can just now. Nothing was changed; try again in a moment."


def is_full(error: BaseException | None) -> bool:
    """Whether this, or what it came from, is the pool's refusal (Django wraps it as an OperationalError)."""
    while error is not None:
        if isinstance(error, PoolTimeout | TooManyRequests):
            return True
        error = error.__cause__ or error.__context__
    return False
