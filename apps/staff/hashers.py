"""Hashing of passwords (PASSWORD_HASHERS): Django's, without a database connection meanwhile, and few at a time.

A hash takes a good part of a second on purpose. Whoever signs in must not hold a connection for so long, which others
wait for, nor may many who sign in at once take all processors and threads. Every check of a password runs through here:
sign-ins, known and unknown names alike, new colleagues, changed passwords, being asked again.

A transaction cannot do without its connection. Who stores a password in one hashes it before: ``prepared``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import BoundedSemaphore
from typing import Any

from django.contrib.auth.hashers import (
    PBKDF2PasswordHasher,
    PBKDF2SHA1PasswordHasher,
    ScryptPasswordHasher,
    make_password,
)

from tgadmin.core.pool import SIGN_INS, OverloadedError
from tgadmin.database.threads import rest

SECONDS = 5.0
"""So long one waits for one's turn; then one is told to try again."""
WAITING = 8
"""So many wait, each in a thread; others are told so at once."""


def at_once() -> int:
    """Hashes that are computed at the same time: one processor is left to everything else, where there are several."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, processors - 1)


AT_ONCE = at_once()
_computing = BoundedSemaphore(AT_ONCE)
_computing_or_waiting = BoundedSemaphore(AT_ONCE + WAITING)
_prepared: ContextVar[tuple[str, str] | None] = ContextVar("prepared", default=None)


@contextmanager
def _turn() -> Iterator[None]:
    """One's turn to compute. Raises OverloadedError."""
    rest()
    if not _computing_or_waiting.acquire(blocking=False):
        raise OverloadedError(SIGN_INS)
    try:
        if not _computing.acquire(timeout=SECONDS):
            raise OverloadedError(SIGN_INS)
        try:
            yield
        finally:
            _computing.release()
    finally:
        _computing_or_waiting.release()


@contextmanager
def prepared(password: str) -> Iterator[None]:
    """Hashes the password now; it is set, once, within this block, in a transaction perhaps. Raises OverloadedError."""
    token = _prepared.set((password, make_password(password)) if password else None)
    try:
        yield
    finally:
        _prepared.reset(token)


class _Hasher:
    """To be mixed in before one of Django's hashers: all of its work is in ``encode``."""

    def encode(self, password: str, salt: str, *work: Any, **more: Any) -> str:
        """``work``: the factors of a stored hash that is compared; without, it is a new one."""
        ready = _prepared.get()
        if ready is not None and ready[0] == password and not work and not more:
            _prepared.set(None)  # no two users have the same salt
            return ready[1]
        with _turn():
            return str(super().encode(password, salt, *work, **more))  # type: ignore[misc]


class PBKDF2(_Hasher, PBKDF2PasswordHasher):
    pass


class PBKDF2SHA1(_Hasher, PBKDF2SHA1PasswordHasher):
    pass


class Scrypt(_Hasher, ScryptPasswordHasher):
    pass
