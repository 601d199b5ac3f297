"""What a chat list shows of a chat's last message."""

from __future__ import annotations

from collections.abc import Mapping

LENGTH = 160
"""Characters at most."""


def preview(text: str, media: object) -> str:
    """The beginning of the text; of a message without text what it holds ("Photo"), or nothing.

    ``media``: what is stored of its media (``{"kind": "photo", ...}``), or None."""
    if text:
        return text[:LENGTH]
    kind = media.get("kind") if isinstance(media, Mapping) else None
    return kind.replace("_", " ").capitalize()[:LENGTH] if isinstance(kind, str) else ""
