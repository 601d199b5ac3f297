"""An account's authorizations: https://core.telegram.org/api/auth#session-management"""

from __future__ import annotations

from telethon import functions as F  # noqa: N812

from tgadmin.core.types import Devices as Listed
from tgadmin.telegram.client.context import Context
from tgadmin.telegram.convert import devices


class Devices:
    """Every method raises TelegramError."""

    def __init__(self, context: Context) -> None:
        self._call = context.call

    async def list(self) -> Listed:
        """Every authorization of the account, this one first."""
        return devices(await self._call(F.account.GetAuthorizationsRequest()))

    async def end(self, hash: int) -> None:  # noqa: A002 - Telegram's word
        """End another authorization. HASH_INVALID: there is none; FRESH_RESET_AUTHORISATION_FORBIDDEN: this one is
        younger than 24 hours."""
        await self._call(F.account.ResetAuthorizationRequest(hash))

    async def end_others(self) -> None:
        """End every authorization but this one. FRESH_RESET_AUTHORISATION_FORBIDDEN as above."""
        await self._call(F.auth.ResetAuthorizationsRequest())

    async def set_ttl(self, days: int) -> None:
        """Have Telegram end authorizations that are not used for so many days (1 to 366)."""
        await self._call(F.account.SetAuthorizationTTLRequest(days))
