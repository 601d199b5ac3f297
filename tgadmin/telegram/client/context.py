"""What the parts of an account's client share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tgadmin.telegram.client.access_hashes import AccessHashes

Call = Callable[[Any], Awaitable[Any]]
"""Sends one of Telegram's requests and gives its answer; raises TelegramError."""


@dataclass(frozen=True, slots=True)
class Context:
    """``call`` asks as the account, wherever the answer lies; ``hashes`` are what it knows of its peers; ``me`` is its
    user id."""

    call: Call
    hashes: AccessHashes
    me: int

    async def fetch(self, request: Any) -> Any:
        """The answer to a request; the access hashes of whoever comes with it are known from then on."""
        answer = await self.call(request)
        self.note(answer)
        return answer

    def note(self, answer: Any) -> None:
        """Keep the access hashes that came with an answer."""
        self.hashes.extend(getattr(answer, "users", ()), getattr(answer, "chats", ()))
