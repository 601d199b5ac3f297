"""The rules for text that staff send: what is taken out, what is refused and how it is said."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tgadmin.core.errors import UserError
from tgadmin.core.formatting import MAX_SPANS_SENT, tidy, utf16_length
from tgadmin.core.types import Entity

__all__ = ["MAX_CAPTION", "MAX_LENGTH", "clean", "prepared", "utf16_length"]

MAX_LENGTH = 4096
"""UTF-16 code units, as Telegram counts (https://core.telegram.org/api/config, message_length_max)."""
MAX_CAPTION = 1024
"""The same of a photo's or file's text (caption_length_limit_default); Premium accounts may write MAX_LENGTH."""


def clean(text: str) -> str:
    """The text as it is sent, without formatting; raises as ``prepared`` does."""
    return prepared(text)[0]


def prepared(
    text: str,
    spans: Sequence[Entity] = (),
    *,
    known: Collection[str] = (),
    most: int = MAX_LENGTH,
    may_be_empty: bool = False,
) -> tuple[str, tuple[Entity, ...]]:
    """The text and its spans as they are sent (``tidy``), of at most ``most`` UTF-16 code units.

    ``known``: what spans of the message that is edited say. Raises UserError (EMPTY, TOO_LONG, TOO_MUCH_FORMATTING);
    its sentence does not quote the text.
    """
    text, spans = tidy(text, spans, known)
    if not text and not may_be_empty:
        raise UserError("EMPTY", "There is nothing to send: the message is empty.")
    if (length := utf16_length(text)) > most:
        what = "caption" if most == MAX_CAPTION else "message"
        raise UserError(
            "TOO_LONG",
            f"The {what} is too long: {length:,} of {most:,} characters. Nothing was sent; shorten or split it.",
        )
    if len(spans) > MAX_SPANS_SENT:
        raise UserError(
            "TOO_MUCH_FORMATTING",
            f"The message has too many formatted parts: {len(spans):,} of {MAX_SPANS_SENT}. "
            "Nothing was sent; format less of it, or split it.",
        )
    return text, spans
