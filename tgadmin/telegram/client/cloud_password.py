"""The cloud password: https://core.telegram.org/api/srp"""

from __future__ import annotations

import asyncio
from typing import Any

from telethon import functions as F  # noqa: N812
from telethon.password import compute_check

from tgadmin.core.errors import TelegramError
from tgadmin.telegram.client.context import Call
from tgadmin.telegram.convert import clean

HINT_LENGTH = 255


async def hint(call: Call) -> str:
    """What the account's owner wrote to remember it by; "" for nothing. Raises TelegramError."""
    return clean((await call(F.account.GetPasswordRequest())).hint, HINT_LENGTH)


async def check(call: Call, password: str) -> Any:
    """auth.checkPassword's answer. Raises TelegramError; PASSWORD_HASH_INVALID: not this one."""
    for last in (False, True):
        answer = await call(F.account.GetPasswordRequest())
        if not answer.has_password or answer.srp_B is None:
            raise TelegramError("PASSWORD_MISSING", method="account.getPassword")
        try:
            proof = await asyncio.to_thread(compute_check, answer, password)  # a tenth of a second of arithmetic
        except (ValueError, AttributeError):
            raise TelegramError("PASSWORD_UNSUPPORTED", method="account.getPassword") from None
        try:
            return await call(F.auth.CheckPasswordRequest(proof))
        except TelegramError as error:
            if last or error.code not in ("SRP_ID_INVALID", "SRP_PASSWORD_CHANGED"):
                raise
    raise AssertionError("unreachable")
