"""The rules for text that staff send: what is taken out, what is refused and how it is said."""

from __future__ import annotations

import unicodedata

from tgadmin.core.errors import UserError

MAX_LENGTH = 4096
"""UTF-16 code units, as Telegram counts (https://core.telegram.org/api/config, message_length_max)."""

_KEPT = frozenset("\n\t")


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units: an emoji outside the basic plane counts two."""
    return len(text) + sum(1 for char in text if char > "\uffff")


def clean(text: str) -> str:
    """The text as it is sent: line ends are LF; other control characters and lone surrogates are gone; outer space too.

    Raises UserError (EMPTY, TOO_LONG); its sentence does not quote the text.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(char for char in text if char in _KEPT or unicodedata.category(char) not in ("Cc", "Cs")).strip()
    if not text:
        raise UserError("EMPTY", "There is nothing to send: the message is empty.")
    if (length := utf16_length(text)) > MAX_LENGTH:
        raise UserError(
            "TOO_LONG",
            f"The message is too long: {length:,} of {MAX_LENGTH:,} characters. Nothing was sent; shorten or split it.",
        )
    return text
