"""Login tokens, which QR codes show: https://core.telegram.org/api/qr-login"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core.errors import TelegramError
from tgadmin.telegram._telethon import Wire

SHORTEST, LONGEST = 6.0, 120.0
"""Seconds: what we believe a token's life to be at least and at most; Telegram's is about 30."""


@dataclass(frozen=True)
class LoginToken:
    """What a QR code shows for ``seconds``: a signed-in client of the account accepts it. Keep ``token`` secret."""

    token: bytes = field(repr=False)
    seconds: float


@dataclass(frozen=True)
class LoginTokenMoved:
    """The token was accepted, and its account is at home where the client's new key is: import ``token`` there."""

    token: bytes = field(repr=False)


def shown(answer: Any, now: float) -> LoginToken:
    """auth.loginToken as a core value; ``now`` is the time by Telegram's clock, in Unix seconds."""
    left = answer.expires.timestamp() - now
    return LoginToken(answer.token, min(max(left, SHORTEST), LONGEST))


async def accepted(wire: Wire) -> None:
    """Wait until Telegram says on this connection that a token of its key was accepted. Raises TelegramError when the
    connection ends."""
    while True:
        update = asyncio.ensure_future(wire.updates.get())
        try:
            await asyncio.wait((update, wire.ended), return_when=asyncio.FIRST_COMPLETED)
            if not update.done():
                raise TelegramError("CONNECTION_LOST")
            if any(isinstance(each, T.UpdateLoginToken) for each in _updates_in(update.result())):
                return
        finally:
            update.cancel()


def _updates_in(container: Any) -> Sequence[Any]:
    """The updates of a container as they came from the wire."""
    if isinstance(container, T.UpdateShort):
        return [container.update]
    return getattr(container, "updates", None) or [container]
