"""Messages as the page shows them: sender, quoted message, staff and errors resolved for a whole page at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from apps.chats.models import Chat, Message, Peer
from tgadmin.core.errors import disposition

QUOTE = 120
"""Characters of a quoted message that are shown."""


def payloads(rows: Iterable[Message]) -> list[dict[str, Any]]:
    """The messages, in order, as dicts; the caller has select_related("staff", "chat"). At most two queries."""
    messages = list(rows)
    quoted = _quoted(messages)
    names = _names([*messages, *quoted.values()])
    return [_payload(message, names, quoted) for message in messages]


def _payload(
    message: Message, names: dict[tuple[int, int], str], quoted: dict[tuple[int, int], Message]
) -> dict[str, Any]:
    gone = message.deleted_at is not None
    return {
        "id": message.pk,
        "chat": message.chat_id,
        "tid": message.telegram_id,
        "cid": str(message.cid) if message.cid else None,
        "state": message.state,
        "out": message.out,
        "sender": _sender(message, names),
        "staff": _staff(message),
        "date": message.date.isoformat(),
        "text": "" if gone else message.text,
        "entities": [] if gone else message.entities,
        "reply": _reply(message, names, quoted),
        "edited": message.edit_date.isoformat() if message.edit_date else None,
        "deleted": gone,
        "service": message.service,
        "media": None if gone else message.media,
        "forward": None if gone else _forward(message, names),
        "author": message.post_author,
        "error": error(message.error_code) if message.error_code else None,
        "waits_until": message.waits_until.isoformat() if message.waits_until else None,
    }


def error(code: str) -> dict[str, str]:
    """A code with its sentence and the next step for staff."""
    known = disposition(code)
    return {"code": code, "says": known.says, "next": known.next_step}


def _sender(message: Message, names: dict[tuple[int, int], str]) -> dict[str, Any]:
    """Who wrote it; a channel's own posts come from the channel."""
    peer_id = message.sender_id if message.sender_id is not None else message.chat.peer_id
    name = names.get((message.session_id, peer_id)) or (message.chat.title if peer_id == message.chat.peer_id else "")
    return {"id": peer_id, "name": name or "Unknown"}


def _forward(message: Message, names: dict[tuple[int, int], str]) -> dict[str, Any] | None:
    """Where it came from, with the name as this account knows it or as the forward carries it."""
    if message.forward is None:
        return None
    known = names.get((message.session_id, message.forward.get("from_id") or 0))
    return {"name": known or message.forward.get("from_name") or "somebody", "date": message.forward.get("date")}


def _staff(message: Message) -> dict[str, Any] | None:
    if message.staff is None:
        return None
    return {"id": message.staff.pk, "name": message.staff.get_full_name() or message.staff.get_username()}


def _reply(
    message: Message, names: dict[tuple[int, int], str], quoted: dict[tuple[int, int], Message]
) -> dict[str, Any] | None:
    if message.reply_to_id is None:
        return None
    original = quoted.get((message.chat_id, message.reply_to_id))
    if original is None:
        return {"tid": message.reply_to_id, "name": "", "text": "", "missing": True, "deleted": False}
    gone = original.deleted_at is not None
    return {
        "tid": message.reply_to_id,
        "name": "You" if original.out else _sender(original, names)["name"],
        "text": "" if gone else original.text[:QUOTE],
        "media": (original.media or {}).get("kind") if not gone else None,
        "missing": False,
        "deleted": gone,
    }


def _quoted(messages: list[Message]) -> dict[tuple[int, int], Message]:
    """The messages that these answer, by (chat, Telegram id)."""
    wanted = {(message.chat_id, message.reply_to_id) for message in messages if message.reply_to_id is not None}
    known = {(message.chat_id, message.telegram_id): message for message in messages if message.telegram_id is not None}
    missing = wanted - known.keys()
    if missing:
        found = Message.objects.filter(
            chat_id__in={chat_id for chat_id, _ in missing}, telegram_id__in={tid for _, tid in missing}
        ).select_related("chat")
        known |= {(message.chat_id, message.telegram_id): message for message in found if message.telegram_id}
    return {key: known[key] for key in wanted if key in known}


def _names(messages: list[Message]) -> dict[tuple[int, int], str]:
    """Names by (session, marked id)."""
    wanted = {message.sender_id for message in messages if message.sender_id is not None}
    wanted |= {message.forward["from_id"] for message in messages if message.forward and message.forward.get("from_id")}
    sessions = {message.session_id for message in messages}
    people = Peer.objects.filter(session_id__in=sessions, peer_id__in=wanted).only("session_id", "peer_id", "name")
    return {(person.session_id, person.peer_id): person.name for person in people}


def of_chat(chat: Chat) -> QuerySet[Message]:
    """The chat's messages with what ``payloads`` needs."""
    return Message.objects.filter(chat=chat).select_related("staff", "chat")
