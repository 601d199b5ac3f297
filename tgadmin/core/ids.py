"""Row ids as text: in addresses, filters and arguments, where anybody may write anything."""

from __future__ import annotations

DIGITS = 18
"""Fewer than a 64-bit number can have, so that each fits; Python refuses to read thousands of digits."""


def row_id(text: str) -> int | None:
    """The id, or None for what is none: another alphabet's digits, a sign, too many digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None
