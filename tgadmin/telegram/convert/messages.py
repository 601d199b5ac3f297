"""Messages and service messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core.bounds import EXACT, Unfit, clean, fit
from tgadmin.core.types import FORWARD, MAX_TEXT, SERVICE, Entity, Message, Unreadable
from tgadmin.telegram.convert.details import details
from tgadmin.telegram.convert.media import media
from tgadmin.telegram.convert.peers import marked, marked_or_none, of_group, of_user
from tgadmin.telegram.convert.text import iso, kind_of, or_else, snake, text_and_entities

Facts = dict[str, Any]
_SOMEBODY: Facts | None = {}
"""A forward of which nothing can be told."""
_sound_service, _sound_forward = SERVICE.check(), FORWARD.check()

_SECRET_FACTS = frozenset({"payload", "charge", "credentials", "values", "data", "slug", "url", "info"})


def message(found: Any, me: int) -> Message | None:
    """A message as core knows it, every value in its range; ``me`` is the account's user id. None for messageEmpty.

    Raises Unfit for one that can be no row."""
    if isinstance(found, T.MessageEmpty) or found is None:
        return None
    text, entities = _text(found)
    peer_id = marked(found.peer_id)
    return fit(
        Message(
            peer_id=peer_id,
            id=found.id,
            date=found.date,
            text=text,
            sender_id=_sender(found, peer_id, me),
            out=bool(found.out) or peer_id == me,  # what one writes to oneself is not called outgoing
            entities=entities,
            reply_to_id=None if found.reply_to is None else reply_to(found.reply_to, peer_id),
            edit_date=None if found.edit_hide else found.edit_date,
            service=service(found.action) if isinstance(found, T.MessageService) else None,
            media=None if found.media is None else _media(found),
            forward=None if found.fwd_from is None else or_else(forward, found.fwd_from, _SOMEBODY),
            details=details(found, peer_id),
            post_author=found.post_author or "",
            silent=bool(found.silent),
            mentioned=bool(found.mentioned),
            no_forwards=bool(found.noforwards),
            ttl_period=found.ttl_period,
        )
    )


def messages(found: Iterable[Any], me: int) -> tuple[tuple[Message, ...], tuple[Unreadable, ...]]:
    """A page's messages, and those that can be no row: one of them must not cost the page."""
    readable: list[Message] = []
    aside: list[Unreadable] = []
    for each in found:
        try:
            if (one := message(each, me)) is not None:
                readable.append(one)
        except Exception as error:  # noqa: BLE001 - of a shape that nobody foresaw
            aside.append(unreadable(each, error))
    return tuple(readable), tuple(aside)


def unreadable(found: Any, error: Exception) -> Unreadable:
    """What cannot be converted, with its bytes and why; the reason never quotes it."""
    reason = str(error) if isinstance(error, Unfit) else type(error).__name__
    return fit(Unreadable(type(found).__name__, reason, raw(found)))


def raw(found: Any) -> bytes:
    """The object as it came; empty where it is none that TL can write."""
    try:
        return bytes(found)
    except Exception:  # noqa: BLE001 - it is broken: that is why it is asked for
        return b""


def _media(found: Any) -> Facts | None:
    """Its media; "above": it is shown above the text, or a caption above it, where that is not usual."""
    facts = media(found.media)
    return facts if facts is None or not getattr(found, "invert_media", None) else facts | {"above": True}


def _text(found: Any) -> tuple[str, tuple[Entity, ...]]:
    try:
        return text_and_entities(found.message, found.entities)
    except (AttributeError, TypeError):  # spans of no shape: the text is what counts
        return clean(found.message, MAX_TEXT), ()


def short_message(update: Any, me: int) -> Message:
    """updateShortMessage and updateShortChatMessage: a message whose rest goes without saying."""
    text, entities = _text(update)
    in_group = isinstance(update, T.UpdateShortChatMessage)
    peer_id = of_group(update.chat_id) if in_group else of_user(update.user_id)
    other = update.from_id if in_group else update.user_id
    return fit(
        Message(
            peer_id=peer_id,
            id=update.id,
            date=update.date,
            text=text,
            sender_id=me if update.out else other,
            out=bool(update.out),
            entities=entities,
            reply_to_id=reply_to(update.reply_to, peer_id),
            forward=None if update.fwd_from is None else or_else(forward, update.fwd_from, _SOMEBODY),
            details=details(update, peer_id),
            silent=bool(update.silent),
            mentioned=bool(update.mentioned),
            ttl_period=update.ttl_period,
        )
    )


def sent_message(update: Any, request: Any, me: int) -> Message:
    """updateShortSentMessage, completed by the request that it answers."""
    # What we asked for comes back, with what Telegram found by itself, and without what it did not take.
    text, entities = text_and_entities(request.message, update.entities)
    peer = request.peer
    peer_id = me if isinstance(peer, T.InputPeerSelf) else marked(peer)
    replied = request.reply_to
    return fit(
        Message(
            peer_id=peer_id,
            id=update.id,
            date=update.date,
            text=text,
            sender_id=me,
            out=True,
            entities=entities,
            reply_to_id=replied.reply_to_msg_id if isinstance(replied, T.InputReplyToMessage) else None,
            media=media(update.media),
            silent=bool(request.silent),
            no_forwards=bool(request.noforwards),
            ttl_period=update.ttl_period,
            random_id=request.random_id,
        )
    )


def reply_to(header: Any, peer_id: int) -> int | None:
    """The id, in the same chat, of the message that is answered."""
    if not isinstance(header, T.MessageReplyHeader):
        return None
    elsewhere = header.reply_to_peer_id is not None and marked_or_none(header.reply_to_peer_id) != peer_id
    only_topic = header.forum_topic and header.reply_to_top_id is None  # names its topic, answers nobody
    message_id: int | None = None if elsewhere or only_topic else header.reply_to_msg_id
    return message_id


def forward(header: Any) -> Facts | None:
    """Where a forwarded message came from: {"from_id", "from_name", "date", "post_id", "author", "imported"}; and from
    which chat it was saved ("saved_from_id")."""
    if header is None:
        return None
    facts = {
        "from_id": marked_or_none(header.from_id),
        "from_name": header.from_name,
        "saved_from_id": marked_or_none(header.saved_from_peer or header.saved_from_id),
        "date": iso(header.date),
        "post_id": header.channel_post,
        "author": header.post_author,
        "imported": True if header.imported else None,
    }
    sound: Facts = _sound_forward({key: value for key, value in facts.items() if value is not None})
    return sound


def service(action: Any) -> Facts:
    """An action as {"kind": "chat_add_user", …} with its plain facts; peers by their marked ids, never secrets."""
    facts: Facts = or_else(_plain_facts, action, {})
    facts["kind"] = kind_of(type(action), "MessageAction")
    sound: Facts = _sound_service(facts)
    return sound


def _plain_facts(action: Any) -> Facts:
    facts: Facts = {}
    for name, value in vars(action).items():
        plain = None if name in _SECRET_FACTS else _plain(name, value)
        if plain is not None:
            facts[name] = plain
    return facts


def _plain(name: str, value: Any) -> Any:
    if name in ("channel_id", "chat_id") and isinstance(value, int):
        return marked_or_none(T.PeerChannel(value) if name == "channel_id" else T.PeerChat(value))
    if isinstance(value, int) and abs(value) > EXACT:
        return str(value)
    if isinstance(value, (bool, int, float, str)):
        return value
    return _plain_object(name, value)


def _plain_object(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, (T.PeerUser, T.PeerChat, T.PeerChannel)):
        return marked_or_none(value)
    if isinstance(value, T.TextWithEntities):
        return value.text
    if isinstance(value, list):
        found = [_plain(name, each) for each in value]
        return [each for each in found if each is not None]
    reason = type(value).__name__
    return snake(reason.removeprefix("PhoneCallDiscardReason")) if reason.startswith("PhoneCallDiscard") else None


def _sender(found: Any, peer_id: int, me: int) -> int | None:
    if found.from_id is not None:
        return marked_or_none(found.from_id)
    if peer_id > 0 and found.out:
        return me
    return peer_id if peer_id > 0 or found.post else None
