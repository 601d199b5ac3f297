"""What is sent, as Telegram's requests take it, and what Telegram answers to that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core.types import Entity
from tgadmin.telegram.convert.text import DATE_FLAGS

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


def mentioned(spans: Sequence[Entity]) -> list[int]:
    """The user ids of those whom the spans mention without their @names."""
    return [int(span.extra) for span in spans if span.kind == "mention_name"]


def entities(spans: Sequence[Entity], users: Mapping[int, Any]) -> list[Any] | None:
    """Formatting that we send; spans that Telegram finds by itself (links, hashtags …) are left to it. ``users``: how
    requests name those who are ``mentioned``."""
    found = [entity for span in spans if (entity := _entity(span, users)) is not None]
    return found or None


def _entity(span: Entity, users: Mapping[int, Any]) -> Any | None:
    if (plain := _PLAIN_ENTITIES.get(span.kind)) is not None:
        return plain(span.offset, span.length)
    if span.kind == "mention_name":
        return T.InputMessageEntityMentionName(span.offset, span.length, users[int(span.extra)])
    if (make := _SAYING.get(span.kind)) is not None:
        return make(span.offset, span.length, span.extra)
    return None


def _formatted_date(offset: int, length: int, extra: str) -> Any:
    moment, _, flags = extra.partition(":")
    said = {name: True for name in flags.split(",") if name in DATE_FLAGS}
    return T.MessageEntityFormattedDate(offset, length, datetime.fromtimestamp(int(moment), UTC), **said)


_SAYING: Mapping[str, Callable[[int, int, str], Any]] = {
    "pre": T.MessageEntityPre,
    "text_url": T.MessageEntityTextUrl,
    "custom_emoji": lambda offset, length, extra: T.MessageEntityCustomEmoji(offset, length, int(extra)),
    "blockquote": lambda offset, length, extra: T.MessageEntityBlockquote(
        offset, length, collapsed=extra == "collapsed" or None
    ),
    "formatted_date": _formatted_date,
}


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
