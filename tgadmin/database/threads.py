"""Threads for synchronous code: each call gives back, in a ``finally``, the database connections that its thread took.

Django gives a connection back when it is told that a request is over. Whoever kills the request keeps it from being
told, and the connection stays with a thread that nobody uses again. The call itself always ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")


def give_back() -> None:
    """This thread's database connections go back to their pool, or are closed where there is none."""
    for wrapper in connections.all(initialized_only=True):
        is_broken = wrapper.connection is not None and wrapper.connection.closed
        try:
            wrapper.close()
        finally:
            if wrapper.in_atomic_block:  # left in the middle: nobody else shall begin there
                del connections[wrapper.alias]
        if is_broken and wrapper.settings_dict["OPTIONS"].get("pool"):
            # The others broke too, perhaps: they are replaced now, not one by one as requests fail.
            wrapper.pool.check()  # type: ignore[attr-defined]  # PostgreSQL's


def rest() -> None:
    """Give the pool's connection back for a while, if no transaction needs it: what follows takes a new one."""
    for wrapper in connections.all(initialized_only=True):
        if wrapper.settings_dict["OPTIONS"].get("pool") and not wrapper.in_atomic_block:
            wrapper.close()


def giving_back(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return function(*args, **kwargs)
    finally:
        give_back()


class Threads(ThreadPoolExecutor):
    """At most so many threads. ``waiting``: calls that no thread has begun yet."""

    def __init__(self, size: int, name: str) -> None:
        super().__init__(size, thread_name_prefix=name)
        self._counting = Lock()
        self.waiting = 0

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with self._counting:
            self.waiting += 1
        try:
            future = super().submit(self._begun, partial(giving_back, function, *args, **kwargs))
        except BaseException:
            self._count_off()
            raise
        future.add_done_callback(self._forget_cancelled)
        return future

    def _begun(self, call: Callable[[], T]) -> T:
        self._count_off()
        return call()

    def _count_off(self) -> None:
        with self._counting:
            self.waiting -= 1

    def _forget_cancelled(self, future: Future[Any]) -> None:
        if future.cancelled():
            self._count_off()


class Lane(Executor):
    """One request's calls: one after the other and in order, on whichever of the shared threads is free."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._lock = Lock()
        self._calls: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._moving = False

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        with self._lock:
            self._calls.append((future, partial(giving_back, function, *args, **kwargs)))
            if self._moving:
                return future
            self._moving = True
        self._threads.submit(self._next)
        return future

    def _next(self) -> None:
        with self._lock:
            future, call = self._calls.popleft()
        if future.set_running_or_notify_cancel():
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001  whoever waits for the call gets it
                future.set_exception(error)
            else:
                future.set_result(result)
        with self._lock:
            self._moving = bool(self._calls)
        if self._moving:
            self._threads.submit(self._next)
