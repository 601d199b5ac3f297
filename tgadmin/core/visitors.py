"""Who is signed in, as far as this process has seen lately: by their login cookies, of which only hashes are kept.

The application notes a cookie when it has found it good; the server in front of it (tgadmin/web) asks, so that what
anonymous people ask for waits behind those who work here. It decides about the order of work, never about rights.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable


class Visitors:
    """The latest ``size`` cookies, each good for ``seconds`` after it was last noted."""

    def __init__(self, size: int = 10_000, seconds: float = 900.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._size, self._seconds, self._clock = size, seconds, clock
        self._seen: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def note(self, cookie: str) -> None:
        """Its holder is signed in."""
        key = _hash(cookie)
        with self._lock:
            self._seen.pop(key, None)
            self._seen[key] = self._clock() + self._seconds
            while len(self._seen) > self._size:
                del self._seen[next(iter(self._seen))]

    def knows(self, cookie: str) -> bool:
        """Whether its holder was signed in lately."""
        until = self._seen.get(_hash(cookie))
        return until is not None and self._clock() < until


def _hash(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).digest()


visitors = Visitors()
"""This process's."""
