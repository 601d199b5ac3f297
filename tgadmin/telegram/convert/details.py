"""What a message bears besides its text, media and origin: quotes, answers across chats, topics, buttons, albums …

JSON for the message's row. Nothing is lost that later pages will want, and no field is written that says nothing.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core.types import DETAILS
from tgadmin.telegram.convert.peers import marked_or_none
from tgadmin.telegram.convert.text import kind_of, or_else

Facts = dict[str, Any]
_sound = DETAILS.check()
_PLAIN = ("via_bot_id", "via_business_bot_id", "ttl_period", "from_scheduled")
_NOTHING: Facts = {}
_MOST_BUTTONS = 100
"""Telegram allows no more under a message."""


def details(found: Any, peer_id: int) -> Facts | None:
    """The facts of a message, service message or short message of the chat ``peer_id``; None where there are none.

    {"quote", "quote_offset"}: the part of the answered message that is quoted. {"reply_peer_id", "reply_message_id",
    "reply_from_id", "reply_from_name", "reply_media"}: an answer to another chat's message. {"story_peer_id",
    "story_id"}: an answer to a story. {"topic_id"}: the forum topic, by its first message. {"buttons"}: rows of
    {"text", "kind", "url"}; {"keyboard"}: rows of texts that a bot offers. {"via_bot_id", "album_id", "no_forwards",
    "ttl_period", "from_scheduled"}.
    """
    facts: Facts = {name: value for name in _PLAIN if (value := getattr(found, name, None))}
    if (album := getattr(found, "grouped_id", None)) is not None:
        facts["album_id"] = str(album)  # larger than what JSON's readers take exactly
    if getattr(found, "noforwards", False):
        facts["no_forwards"] = True
    if found.reply_to is not None:
        facts |= or_else(partial(_reply, peer_id=peer_id), found.reply_to, _NOTHING)
    if getattr(found, "reply_markup", None) is not None:
        facts |= or_else(_markup, found.reply_markup, _NOTHING)
    if not facts:
        return None
    sound: Facts = _sound({name: value for name, value in facts.items() if value not in (None, "", [])})
    return sound or None


def _reply(header: Any, peer_id: int) -> Facts:
    if isinstance(header, T.MessageReplyStoryHeader):
        return {"story_peer_id": marked_or_none(header.peer), "story_id": header.story_id}
    if not isinstance(header, T.MessageReplyHeader):
        return {}
    facts: Facts = {"quote": header.quote_text, "quote_offset": header.quote_offset if header.quote_text else None}
    if header.forum_topic:
        facts["topic_id"] = header.reply_to_top_id or header.reply_to_msg_id
    elsewhere = marked_or_none(header.reply_to_peer_id)
    if header.reply_from is not None or elsewhere not in (None, peer_id):
        facts |= _reply_elsewhere(header, elsewhere)
    return facts


def _reply_elsewhere(header: Any, peer_id: int | None) -> Facts:
    origin = header.reply_from
    return {
        "reply_peer_id": peer_id,
        "reply_message_id": header.reply_to_msg_id,
        "reply_from_id": None if origin is None else marked_or_none(origin.from_id),
        "reply_from_name": None if origin is None else origin.from_name or origin.post_author,
        "reply_media": None if header.reply_media is None else kind_of(type(header.reply_media), "MessageMedia"),
    }


def _markup(markup: Any) -> Facts:
    if isinstance(markup, T.ReplyInlineMarkup):
        return {"buttons": _rows(markup, _button)}
    if isinstance(markup, T.ReplyKeyboardMarkup):
        return {"keyboard": _rows(markup, lambda button: button.text)}
    return {}


def _rows(markup: Any, shape: Any) -> list[list[Any]]:
    left = _MOST_BUTTONS
    rows = []
    for row in markup.rows[:_MOST_BUTTONS]:
        rows.append([shape(button) for button in row.buttons[:left]])
        left -= len(rows[-1])
    return [row for row in rows if row]


def _button(button: Any) -> Facts:
    facts = {"text": button.text, "kind": kind_of(type(button.type), "InlineButtonType")}
    url = getattr(button.type, "url", None)
    if url:
        facts["url"] = url
    return facts
