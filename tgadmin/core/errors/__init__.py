"""Telegram's error codes and our own: what kind each is, what the program does, what staff are told.

Codes are Telegram's names without their numbers: ``FLOOD_WAIT_30`` is the code ``FLOOD_WAIT`` with 30 seconds. Kinds
follow the number that Telegram sends beside the name (https://core.telegram.org/api/errors).
"""

from __future__ import annotations

from tgadmin.core.errors.dispositions import PROXY_CODES, Disposition, disposition
from tgadmin.core.errors.kinds import Action, Kind, SuggestedAction
from tgadmin.core.errors.parsing import kind_of, split_code
from tgadmin.core.errors.telegram_error import LONGEST_WAIT, TelegramError
from tgadmin.core.errors.user_error import UserError

__all__ = [
    "LONGEST_WAIT",
    "PROXY_CODES",
    "Action",
    "Disposition",
    "Kind",
    "SuggestedAction",
    "TelegramError",
    "UserError",
    "disposition",
    "kind_of",
    "split_code",
]
