"""What is sent, as Telegram's requests take it, and what Telegram answers to that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core.types import Entity

_PLAIN_ENTITIES = {
    "bold": T.MessageEntityBold,
    "italic": T.MessageEntityItalic,
    "underline": T.MessageEntityUnderline,
    "strike": T.MessageEntityStrike,
    "spoiler": T.MessageEntitySpoiler,
    "code": T.MessageEntityCode,
}
_ACTIONS = {
    "typing": T.SendMessageTypingAction,
    "cancel": T.SendMessageCancelAction,
    "record_audio": T.SendMessageRecordAudioAction,
    "record_video": T.SendMessageRecordVideoAction,
    "record_round": T.SendMessageRecordRoundAction,
    "choose_sticker": T.SendMessageChooseStickerAction,
}


def entities(spans: Sequence[Entity]) -> list[Any] | None:
    """Formatting that we send; spans that Telegram finds by itself (links, hashtags …) are left to it."""
    found = [entity for span in spans if (entity := _entity(span)) is not None]
    return found or None


def _entity(span: Entity) -> Any | None:
    if (plain := _PLAIN_ENTITIES.get(span.kind)) is not None:
        return plain(span.offset, span.length)
    if span.kind == "pre":
        return T.MessageEntityPre(span.offset, span.length, span.extra)
    if span.kind == "text_url":
        return T.MessageEntityTextUrl(span.offset, span.length, span.extra)
    if span.kind == "blockquote":
        return T.MessageEntityBlockquote(span.offset, span.length, collapsed=span.extra == "collapsed")
    return None


def typing_action(name: str) -> Any:
    """The action of messages.setTyping. Raises ValueError for one that we do not send."""
    if name not in _ACTIONS:
        raise ValueError("no such typing action")
    return _ACTIONS[name]()


def sent_id(result: Any, random_id: int) -> int | None:
    """The id that Telegram gave to the message that was sent with this random_id; None if the result does not say."""
    if isinstance(result, T.UpdateShortSentMessage):
        return int(result.id)
    for update in getattr(result, "updates", None) or ():
        if isinstance(update, T.UpdateMessageID) and update.random_id == random_id:
            return int(update.id)
    return None
