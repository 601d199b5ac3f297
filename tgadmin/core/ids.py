"""Row ids as text: in addresses, filters and arguments, where anybody may write anything."""

from __future__ import annotations

import hashlib

DIGITS = 18
"""Fewer than a 64-bit number can have, so that each fits; Python refuses to read thousands of digits."""


def row_id(text: str) -> int | None:
    """The id, or None for what is none: another alphabet's digits, a sign, too many digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


def auth_key_id(auth_key: bytes) -> int:
    """Telegram's auth_key_id as a signed 64-bit number: the last 64 bits of the key's SHA-1.

    https://core.telegram.org/mtproto/description#key-identifier-auth-key-id
    """
    return int.from_bytes(hashlib.sha1(auth_key, usedforsecurity=False).digest()[-8:], "little", signed=True)
