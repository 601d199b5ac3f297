"""The pings of a connection: Telegram closes the connection of a process that stops pinging, which is how a frozen
owner is ended from outside.

A gateway has a thousand of them, each with a ping every two seconds, so they are cheap: a timer and no task, timers of
many connections due at the same moments, and a packet that is written at once instead of going through two queues.
"""

from __future__ import annotations

import asyncio
import math
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from telethon import functions as F  # noqa: N812
from telethon.network.mtprotostate import MTProtoState

SLOTS = 20
"""Pings go out at so many moments in the time from one to the next: the loop wakes up for several at once."""

_BODY = struct.Struct("<Iqi")


@dataclass(frozen=True, slots=True)
class Pings:
    """Seconds: a ping goes out ``every`` so often; Telegram closes the connection ``disconnect`` after the last one;
    without any pong for ``patience`` we close it ourselves."""

    every: float = 2.0
    disconnect: int = 5
    patience: float = 10.0


def request(pings: Pings) -> F.PingDelayDisconnectRequest:
    """A ping to be sent as any request."""
    return F.PingDelayDisconnectRequest(random.getrandbits(63), pings.disconnect)


def packet(state: MTProtoState, pings: Pings) -> tuple[int, bytes]:
    """A ping as an encrypted message of its own, and its msg_id. It need not be acknowledged, so its seqno is even
    (https://core.telegram.org/mtproto/description#message-sequence-number-msg-seqno)."""
    body = _BODY.pack(F.PingDelayDisconnectRequest.CONSTRUCTOR_ID, random.getrandbits(63), pings.disconnect)
    message = BytesIO()
    msg_id = state.write_data_as_message(message, body, content_related=False)
    return msg_id, state.encrypt_message_data(message.getvalue())


class Pinger:
    """Calls ``send`` again and again until it is stopped, and ``dead`` when no pong has come for too long."""

    __slots__ = ("_dead", "_due", "_last_pong", "_loop", "_pings", "_send", "_timer")

    def __init__(self, pings: Pings, send: Callable[[], None], dead: Callable[[], None]) -> None:
        self._pings = pings
        self._send = send
        self._dead = dead
        self._loop = asyncio.get_running_loop()
        self._last_pong = self._loop.time()
        # Connections that were made at the same time keep their pings together, others are spread.
        slot = pings.every / SLOTS
        self._due = math.floor(self._last_pong / slot) * slot
        self._timer = self._loop.call_soon(self._ping)

    def pong(self) -> None:
        self._last_pong = self._loop.time()

    def stop(self) -> None:
        self._timer.cancel()

    def _ping(self) -> None:
        now = self._loop.time()
        if now - self._last_pong > self._pings.patience:
            self._dead()
            return
        self._due += self._pings.every * max(1, math.ceil((now - self._due) / self._pings.every))
        self._timer = self._loop.call_at(self._due, self._ping)
        self._send()
