"""Many sessions ask the same service for something at about the same time: they are answered by one call for all.

While a call runs, what is asked meanwhile waits and goes into the next one. So a single question is asked at once, and
a thousand accounts that connect make a few transactions, not thousands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

MOST = 200
"""Questions in one call: the call's locks are not held for long."""


class Batcher(Generic[Q, A]):
    """``ask`` answers several questions at once, in their order; an exception among its answers is raised for that
    question alone. When it raises itself, each question is asked once more alone, so that one cannot spoil the
    others'; unless it is one of ``common``, which concern all alike (the database is away)."""

    def __init__(
        self,
        ask: Callable[[Sequence[Q]], Awaitable[Sequence[A | Exception]]],
        *,
        common: tuple[type[Exception], ...] = (),
        most: int = MOST,
    ) -> None:
        self._ask = ask
        self._common = common
        self._most = most
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._task: asyncio.Task[None] | None = None

    def __call__(self, question: Q) -> asyncio.Future[A]:
        """The answer, in time. Whoever does not care for it need not await it. Questions are asked in their order."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_retrieve)
        self._waiting.append((question, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="together")
        return future

    async def _run(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                try:
                    await self._answer(asked)
                finally:
                    for _, future in asked:
                        future.cancel()  # without effect unless this task was cancelled
        finally:
            self._task = None

    async def _answer(self, asked: list[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._ask([question for question, _ in asked])
        except Exception as error:  # noqa: BLE001  whoever asked gets it
            if len(asked) > 1 and not isinstance(error, self._common):
                for one in asked:
                    await self._answer([one])
                return
            answers = [error] * len(asked)
        for (_, future), answer in zip(asked, answers, strict=True):
            _give(future, answer)


def _give(future: asyncio.Future[A], answer: A | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def _retrieve(future: asyncio.Future[A]) -> None:
    if not future.cancelled():
        future.exception()
