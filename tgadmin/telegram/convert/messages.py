"""Messages, service messages, dialogs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core.types import Dialog, Message
from tgadmin.telegram.convert.media import media
from tgadmin.telegram.convert.peers import NAME_LENGTH, marked, marked_or_none
from tgadmin.telegram.convert.text import clean, clean_value, iso, snake, text_and_entities

NEVER = datetime.fromtimestamp(0, UTC)
"""``muted_until`` of a chat that is not muted: a time that is over. (None would mean: not said.)"""
_JSON_INTEGER = 2**53 - 1  # what a browser reads exactly
ARCHIVE = 1  # https://core.telegram.org/api/folders#peer-folders

_SECRET_FACTS = frozenset({"payload", "charge", "credentials", "values", "data", "slug", "url", "info"})


def message(found: Any, me: int) -> Message | None:
    """A message as core knows it; ``me`` is the account's user id. None for messageEmpty."""
    if isinstance(found, T.MessageEmpty) or found is None:
        return None
    text, entities = text_and_entities(found.message, found.entities)
    peer_id = marked(found.peer_id)
    return Message(
        peer_id=peer_id,
        id=found.id,
        date=found.date,
        text=text,
        sender_id=_sender(found, peer_id, me),
        out=bool(found.out),
        entities=entities,
        reply_to_id=None if found.reply_to is None else reply_to(found.reply_to, peer_id),
        edit_date=None if found.edit_hide else found.edit_date,
        service=service(found.action) if isinstance(found, T.MessageService) else None,
        media=None if found.media is None else media(found.media),
        forward=None if found.fwd_from is None else forward(found.fwd_from),
        post_author=clean(found.post_author, NAME_LENGTH),
        silent=bool(found.silent),
        mentioned=bool(found.mentioned),
        no_forwards=bool(found.noforwards),
        ttl_period=found.ttl_period,
    )


def short_message(update: Any, me: int) -> Message:
    """updateShortMessage and updateShortChatMessage: a message whose rest goes without saying."""
    text, entities = text_and_entities(update.message, update.entities)
    in_group = isinstance(update, T.UpdateShortChatMessage)
    peer_id = -update.chat_id if in_group else update.user_id
    other = update.from_id if in_group else update.user_id
    return Message(
        peer_id=peer_id,
        id=update.id,
        date=update.date,
        text=text,
        sender_id=me if update.out else other,
        out=bool(update.out),
        entities=entities,
        reply_to_id=reply_to(update.reply_to, peer_id),
        forward=forward(update.fwd_from),
        silent=bool(update.silent),
        mentioned=bool(update.mentioned),
        ttl_period=update.ttl_period,
    )


def sent_message(update: Any, request: Any, me: int) -> Message:
    """updateShortSentMessage, completed by the request that it answers."""
    # Telegram parses links and the like itself and says so in the result; what we asked for comes back there too.
    text, entities = text_and_entities(request.message, update.entities or request.entities)
    peer = request.peer
    peer_id = me if isinstance(peer, T.InputPeerSelf) else marked(peer)
    replied = request.reply_to
    return Message(
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


def reply_to(header: Any, peer_id: int) -> int | None:
    """The id, in the same chat, of the message that is answered."""
    if not isinstance(header, T.MessageReplyHeader):
        return None
    elsewhere = header.reply_to_peer_id is not None and marked(header.reply_to_peer_id) != peer_id
    only_topic = header.forum_topic and header.reply_to_top_id is None  # names its topic, answers nobody
    message_id: int | None = None if elsewhere or only_topic else header.reply_to_msg_id
    return message_id


def forward(header: Any) -> dict[str, Any] | None:
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
    cleaned: dict[str, Any] = clean_value({key: value for key, value in facts.items() if value is not None})
    return cleaned


def service(action: Any) -> dict[str, Any]:
    """An action as {"kind": "chat_add_user", …} with its plain facts; peers by their marked ids, never secrets."""
    facts: dict[str, Any] = {}
    for name, value in vars(action).items():
        plain = None if name in _SECRET_FACTS else _plain(name, value)
        if plain is not None:
            facts[name] = plain
    facts["kind"] = snake(type(action).__name__.removeprefix("MessageAction"))
    cleaned: dict[str, Any] = clean_value(facts)
    return cleaned


def _plain(name: str, value: Any) -> Any:
    if name in ("channel_id", "chat_id") and isinstance(value, int):
        return marked(T.PeerChannel(value) if name == "channel_id" else T.PeerChat(value))
    if isinstance(value, int) and abs(value) > _JSON_INTEGER:
        return str(value)
    if isinstance(value, (bool, int, float, str)):
        return value
    return _plain_object(name, value)


def _plain_object(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, (T.PeerUser, T.PeerChat, T.PeerChannel)):
        return marked(value)
    if isinstance(value, T.TextWithEntities):
        return value.text
    if isinstance(value, list):
        found = [_plain(name, each) for each in value]
        return [each for each in found if each is not None]
    reason = type(value).__name__
    return snake(reason.removeprefix("PhoneCallDiscardReason")) if reason.startswith("PhoneCallDiscard") else None


def dialog(found: Any) -> Dialog | None:
    """A row of the dialog list; None for the archive's own row."""
    if not isinstance(found, T.Dialog):
        return None
    return Dialog(
        peer_id=marked(found.peer),
        top_message_id=found.top_message,
        unread_count=found.unread_count,
        read_inbox_max_id=found.read_inbox_max_id,
        read_outbox_max_id=found.read_outbox_max_id,
        pinned=bool(found.pinned),
        archived=found.folder_id == ARCHIVE,
        muted_until=muted_until(found.notify_settings),
        pts=found.pts,
    )


def muted_until(settings: Any) -> datetime:
    """Until when a chat is muted; NEVER if it is not."""
    until = settings.mute_until
    if isinstance(until, datetime):
        return until
    return datetime.fromtimestamp(until, UTC) if until else NEVER


def _sender(found: Any, peer_id: int, me: int) -> int | None:
    if found.from_id is not None:
        return marked(found.from_id)
    if peer_id > 0 and found.out:
        return me
    return peer_id if peer_id > 0 or found.post else None
