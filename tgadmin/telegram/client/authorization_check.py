"""Finds out that an authorization has ended although its connection goes on.

Telegram answers pings whether or not the key is signed in, and says nothing by itself to a key that was logged out
elsewhere. An account that has been quiet is therefore asked for its update state, the cheapest that only an authorized
key gets (https://core.telegram.org/method/updates.getState); where anything of that sort came lately, nothing is asked.

A gateway has a thousand of these, so each is a timer, and a task only while it asks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from telethon import functions as F  # noqa: N812

from tgadmin.core.errors import Kind, TelegramError
from tgadmin.telegram._telethon import Wire
from tgadmin.telegram.client.context import Call

QUIET_SECONDS = 60.0
SPREAD = 0.25
"""Each time is longer or shorter by up to this part of it: accounts that connected together are asked apart."""


class AuthorizationCheck:
    """``call`` ends the connection by itself when it meets an error that ends the authorization."""

    __slots__ = ("_asking", "_call", "_limit", "_loop", "_not_before", "_random", "_timer", "_wire")

    def __init__(self, wire: Wire, call: Call, random: Callable[[], float]) -> None:
        self._wire, self._call, self._random = wire, call, random
        self._loop = asyncio.get_running_loop()
        self._not_before = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._limit = self._next_limit()
        self._timer = self._loop.call_later(self._limit * random(), self._look)

    def stop(self) -> None:
        self._timer.cancel()
        if self._asking is not None:
            self._asking.cancel()

    def _next_limit(self) -> float:
        return QUIET_SECONDS * (1 - SPREAD + 2 * SPREAD * self._random())

    def _look(self) -> None:
        now = time.monotonic()
        left = max(self._wire.last_authorized + self._limit, self._wire.wait_until, self._not_before) - now
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
            return
        self._asking = asyncio.create_task(self._ask(), name="authorization check")

    async def _ask(self) -> None:
        self._limit = self._next_limit()
        try:
            await self._call(F.updates.GetStateRequest())
        except TelegramError as error:
            # Only a fatal one says something of the authorization, and ends the connection where it is met.
            wait = error.seconds if error.kind is Kind.WAIT and error.seconds is not None else 0
            self._not_before = time.monotonic() + max(wait, self._limit)
        if not self._wire.ended.done():
            self._timer = self._loop.call_later(self._limit, self._look)
