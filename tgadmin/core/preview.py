"""What a chat list shows of a chat's last message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tgadmin.core.service_messages import sentence

LENGTH = 160
"""Characters at most."""


@dataclass(frozen=True, slots=True)
class Last:
    """A chat's last message. ``text``: with its spoilers covered. ``media``, ``service``: what is stored of them
    (``{"kind": "photo", …}``), or None;
    ``sender``: whose name is shown with it, "" for nobody's; ``names``: of people by their ids."""

    text: str
    media: object = None
    service: object = None
    out: bool = False
    sender: str = ""
    sender_id: int | None = None
    names: Mapping[int, str] = field(default_factory=dict)
    is_channel: bool = False

    def shown(self) -> tuple[str, str, bool]:
        """Its text, the name before it, whether it is ours. A service message is a sentence that says who did it."""
        if isinstance(self.service, Mapping):
            who = "You" if self.out else self.sender or "Somebody"
            chat = "channel" if self.is_channel else "group"
            said = sentence(self.service, who, sender_id=self.sender_id, names=self.names, chat=chat)
            return said[:LENGTH], "", False
        return preview(self.text, self.media), "" if self.out else self.sender, self.out


def preview(text: str, media: object) -> str:
    """The beginning of the text; of a message without text what it holds ("Photo"), or nothing."""
    if text:
        return text[:LENGTH]
    kind = media.get("kind") if isinstance(media, Mapping) else None
    return kind.replace("_", " ").capitalize()[:LENGTH] if isinstance(kind, str) else ""
