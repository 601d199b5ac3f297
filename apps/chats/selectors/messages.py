"""Messages as the page shows them: sender, quoted message, staff and errors resolved for any number of them at once.

One statement, whoever asks: pages of history through Django's connection, the hub's looks through one of its own.
``whole``: with what is for managers only (apps.chats.sight).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from tgadmin.core.errors import disposition

QUOTE = 120
"""Characters of a quoted message that are shown."""


class Shown(NamedTuple):
    """A message with everything that the page shows of it, as COLUMNS have it. JSON comes as text: Django and psycopg
    would read it differently."""

    id: int
    chat_id: int
    telegram_id: int | None
    cid: UUID | None
    state: str
    out: bool
    sender_id: int
    sender_name: str
    staff_id: int | None
    staff_name: str | None
    date: datetime
    text: str
    entities: str | None
    reply_to_id: int | None
    quoted_id: int | None
    quoted_gone: bool | None
    quoted_name: str | None
    quoted_text: str | None
    quoted_media: str | None
    edit_date: datetime | None
    deleted_at: datetime | None
    service: str | None
    media: str | None
    forward_name: str | None
    forward_date: str | None
    post_author: str
    error_code: str
    waits_until: datetime | None
    managers_only: bool
    has_secret: bool
    quoted_managers_only: bool | None

    def is_shown(self, *, whole: bool) -> bool:
        return whole or not self.managers_only

    @property
    def is_for_all(self) -> bool:
        """Whether it looks the same to whoever sees its chat."""
        return not (self.managers_only or self.quoted_managers_only)


def _name_of(message: str, peer: str) -> str:
    """A channel's own posts come from the channel."""
    return (
        f"COALESCE(NULLIF({peer}.name, ''), "
        f"CASE WHEN COALESCE({message}.sender_id, c.peer_id) = c.peer_id THEN NULLIF(c.title, '') END, 'Unknown')"
    )


COLUMNS = f"""
    m.id, m.chat_id, m.telegram_id, m.cid, m.state, m.out,
    COALESCE(m.sender_id, c.peer_id), {_name_of("m", "s")},
    u.id, COALESCE(NULLIF(trim(u.first_name || ' ' || u.last_name), ''), u.username),
    m.date, m.text, m.entities::text,
    m.reply_to_id, q.id, q.deleted_at IS NOT NULL, CASE WHEN q.out THEN 'You' ELSE {_name_of("q", "o")} END,
    left(q.text, {QUOTE}), q.media ->> 'kind',
    m.edit_date, m.deleted_at, m.service::text, m.media::text,
    CASE WHEN m.forward IS NOT NULL
        THEN COALESCE(NULLIF(f.name, ''), NULLIF(m.forward ->> 'from_name', ''), 'somebody') END,
    (m.forward -> 'date')::text,
    m.post_author, m.error_code, m.waits_until,
    m.managers_only,
    m.managers_only AND EXISTS (SELECT FROM telegram_message_secrets h WHERE h.message_id = m.id),
    q.managers_only
"""
WIDTH = len(Shown._fields)

# Each finds one row by key; q by LIMIT, since it is Telegram who says that ids are not given twice.
JOINS = """
    LEFT JOIN telegram_peers s ON s.session_id = m.session_id AND s.peer_id = m.sender_id
    LEFT JOIN auth_user u ON u.id = m.staff_id
    LEFT JOIN telegram_peers f ON f.session_id = m.session_id AND f.peer_id = (m.forward ->> 'from_id')::bigint
    LEFT JOIN LATERAL (SELECT * FROM telegram_messages
        WHERE chat_id = m.chat_id AND telegram_id = m.reply_to_id LIMIT 1) q ON TRUE
    LEFT JOIN telegram_peers o ON o.session_id = q.session_id AND o.peer_id = q.sender_id
"""

MESSAGES = f"""
SELECT {COLUMNS} FROM unnest(%s::bigint[]) WITH ORDINALITY k(id, place)
    JOIN telegram_messages m ON m.id = k.id JOIN telegram_chats c ON c.id = m.chat_id {JOINS}
ORDER BY k.place
"""  # noqa: S608


def payloads(ids: Iterable[int], *, whole: bool) -> list[dict[str, Any]]:
    """The messages with these row ids, in that order, as dicts; those that are gone are absent. One query."""
    asked = list(ids)
    if not asked:
        return []
    with connection.cursor() as cursor:
        cursor.execute(MESSAGES, [asked])
        found = [Shown(*values) for values in cursor.fetchall()]
        return [payload(one, whole=whole) for one in found if one.is_shown(whole=whole)]


def payload(message: Shown, *, whole: bool) -> dict[str, Any]:
    """``masked``: a manager may have the code in it shown."""
    gone = message.deleted_at is not None
    return {
        "id": message.id,
        "chat": message.chat_id,
        "tid": message.telegram_id,
        "cid": str(message.cid) if message.cid else None,
        "state": message.state,
        "out": message.out,
        "sender": {"id": message.sender_id, "name": message.sender_name},
        "staff": {"id": message.staff_id, "name": message.staff_name} if message.staff_id is not None else None,
        "date": message.date.isoformat(),
        "text": "" if gone else message.text,
        "entities": [] if gone else _json(message.entities) or [],
        "reply": _reply(message, whole=whole),
        "edited": message.edit_date.isoformat() if message.edit_date else None,
        "deleted": gone,
        "service": _json(message.service),
        "media": None if gone else _json(message.media),
        "forward": None if gone else _forward(message),
        "author": message.post_author,
        "error": error(message.error_code) if message.error_code else None,
        "waits_until": message.waits_until.isoformat() if message.waits_until else None,
        "masked": message.has_secret and not gone,
    }


def error(code: str) -> dict[str, str]:
    """A code with its sentence and the next step for staff."""
    known = disposition(code)
    return {"code": code, "says": known.says, "next": known.next_step}


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _forward(message: Shown) -> dict[str, Any] | None:
    """Where it came from, with the name as this account knows it or as the forward carries it."""
    if message.forward_name is None:
        return None
    return {"name": message.forward_name, "date": _json(message.forward_date)}


def _reply(message: Shown, *, whole: bool) -> dict[str, Any] | None:
    if message.reply_to_id is None:
        return None
    if message.quoted_id is None or (message.quoted_managers_only and not whole):
        return {"tid": message.reply_to_id, "name": "", "text": "", "missing": True, "deleted": False}
    gone = bool(message.quoted_gone)
    return {
        "tid": message.reply_to_id,
        "name": message.quoted_name,
        "text": "" if gone else message.quoted_text,
        "media": None if gone else message.quoted_media,
        "missing": False,
        "deleted": gone,
    }
