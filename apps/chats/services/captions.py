"""Which messages have a text that can be edited: texts, with a link preview or without, and captions."""

from __future__ import annotations

from collections.abc import Mapping

from apps.chats.models import Message
from apps.chats.services.text import MAX_CAPTION, MAX_LENGTH, utf16_length

WITH_CAPTION = frozenset({"photo", "video", "gif", "audio", "voice", "document"})
"""Kinds of media under which people write (https://core.telegram.org/method/messages.sendMedia); what its page calls
so too (static/chats/logic/captions.js)."""
PREVIEW = "web_page"


def kind_of(media: object) -> str:
    """A stored message's kind of media; empty for a text."""
    kind = media.get("kind") if isinstance(media, Mapping) else None
    return kind if isinstance(kind, str) else ""


def is_caption(media: object) -> bool:
    """Whether what is written stands with a photo or a file, and may as well be nothing."""
    return kind_of(media) in WITH_CAPTION


def has_text(message: Message) -> bool:
    """Whether Telegram lets its text be edited, as far as its kind goes."""
    return message.service is None and (kind_of(message.media) in ("", PREVIEW) or is_caption(message.media))


def longest(message: Message) -> int:
    """UTF-16 code units that its text may have. A caption that is longer than others' is of a Premium account."""
    has_more = utf16_length(message.text) > MAX_CAPTION
    return MAX_CAPTION if is_caption(message.media) and not has_more else MAX_LENGTH
