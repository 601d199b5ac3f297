"""Messages as the page shows them: sender, quoted message, staff and errors resolved for any number of them at once.

One statement, whoever asks: pages of history through Django's connection, the hub's looks through one of its own.
``whole``: with what is for managers only (apps.chats.sight).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from apps.chats.columns.messages import MESSAGE_TABLE, names_in_service
from apps.chats.payloads import ErrorFacts, Forward, Message, Person, Reply
from apps.chats.selectors import shapes
from tgadmin.core.bounds import LONG
from tgadmin.core.errors import disposition
from tgadmin.core.types import MAX_TEXT

log = logging.getLogger(__name__)

QUOTE = 120
"""Characters of a quoted message that are shown."""


class Shown(NamedTuple):
    """A message with everything that the page shows of it: columns of the table by their names, and what COLUMNS
    computes. JSON comes as text: Django and psycopg would read it differently."""

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
    quoted_spans: str | None
    quoted_media: str | None
    edit_date: datetime | None
    deleted_at: datetime | None
    expires_at: datetime | None
    service: str | None
    service_names: str | None
    media: str | None
    details: str | None
    forward_name: str | None
    forward_date: str | None
    post_author: str
    error_code: str
    error_message: str
    waits_until: datetime | None
    managers_only: bool
    has_secret: bool
    quoted_managers_only: bool | None

    @property
    def is_for_all(self) -> bool:
        """Whether it looks the same to whoever sees its chat."""
        return not (self.managers_only or self.quoted_managers_only)

    def is_gone(self, now: datetime) -> bool:
        """Deleted, or about to be, since its time is over."""
        return self.deleted_at is not None or (self.expires_at is not None and self.expires_at <= now)

    def shown(self, *, whole: bool) -> Shown | None:
        """As it looks to who sees all of its chat, or to who does not: not at all, or without what it quotes."""
        if whole or self.is_for_all:
            return self
        return None if self.managers_only else self._replace(quoted_id=None, quoted_name=None, quoted_text=None)


def _name_of(message: str, peer: str) -> str:
    """A channel's own posts come from the channel."""
    return (
        f"COALESCE(NULLIF({peer}.name, ''), "
        f"CASE WHEN COALESCE({message}.sender_id, c.peer_id) = c.peer_id THEN NULLIF(c.title, '') END, 'Unknown')"
    )


# JSON's numbers are larger than a column's, and what is stored need not be a number.
_FROM_ID = f"""(CASE WHEN jsonb_typeof(m.forward -> 'from_id') = 'number'
        AND (m.forward ->> 'from_id')::numeric BETWEEN {-LONG - 1} AND {LONG}
        THEN (m.forward ->> 'from_id')::numeric::bigint END)"""

COLUMNS = MESSAGE_TABLE.select(
    Shown._fields,
    "m",
    {
        "sender_id": "COALESCE(m.sender_id, c.peer_id)",
        "sender_name": _name_of("m", "s"),
        "staff_id": "u.id",
        "staff_name": "COALESCE(NULLIF(trim(u.first_name || ' ' || u.last_name), ''), u.username)",
        "quoted_id": "q.id",
        "quoted_gone": "q.deleted_at IS NOT NULL",
        "quoted_name": f"CASE WHEN q.out THEN 'You' ELSE {_name_of('q', 'o')} END",
        "quoted_text": f"left(q.text, {QUOTE})",
        "quoted_spans": """CASE WHEN q.entities @> '[{"kind": "spoiler"}]' THEN q.entities::text END""",
        "quoted_media": "left(q.media ->> 'kind', 64)",
        "service_names": names_in_service("m") + "::text",
        "forward_name": "CASE WHEN m.forward IS NOT NULL "
        "THEN COALESCE(NULLIF(f.name, ''), NULLIF(left(m.forward ->> 'from_name', 255), ''), 'somebody') END",
        "forward_date": "(m.forward -> 'date')::text",
        "has_secret": "m.managers_only AND EXISTS (SELECT FROM telegram_message_secrets h WHERE h.message_id = m.id)",
        "quoted_managers_only": "q.managers_only",
    },
)

# Each finds one row by key; q by LIMIT, since it is Telegram who says that ids are not given twice.
JOINS = f"""
    LEFT JOIN telegram_peers s ON s.session_id = m.session_id AND s.peer_id = m.sender_id
    LEFT JOIN auth_user u ON u.id = m.staff_id
    LEFT JOIN telegram_peers f ON f.session_id = m.session_id AND f.peer_id = {_FROM_ID}
    LEFT JOIN LATERAL (SELECT * FROM telegram_messages
        WHERE chat_id = m.chat_id AND telegram_id = m.reply_to_id LIMIT 1) q ON TRUE
    LEFT JOIN telegram_peers o ON o.session_id = q.session_id AND o.peer_id = q.sender_id
"""  # noqa: S608

MESSAGES = f"""
SELECT {COLUMNS} FROM unnest(%s::bigint[]) WITH ORDINALITY k(id, place)
    JOIN telegram_messages m ON m.id = k.id JOIN telegram_chats c ON c.id = m.chat_id {JOINS}
ORDER BY k.place
"""  # noqa: S608


def payloads(ids: Iterable[int], *, whole: bool) -> list[Message]:
    """The messages with these row ids, in that order, as dicts; those that are gone are absent. One query."""
    asked = list(ids)
    if not asked:
        return []
    with connection.cursor() as cursor:
        cursor.execute(MESSAGES, [asked])
        found = [Shown(*values).shown(whole=whole) for values in cursor.fetchall()]
        return [payload(one) for one in found if one is not None]


def payload(message: Shown) -> Message:
    """One message as a dict; ``masked``: a manager may have the code in it shown. One that cannot be shown says so, and
    never costs its page."""
    try:
        return _payload(message)
    except Exception as error:  # noqa: BLE001 - a row of a kind that nobody foresaw
        log.error("message %s cannot be shown: %s", message.id, type(error).__name__)
        return _payload(_unshowable(message))


def _payload(message: Shown) -> Message:
    gone = message.is_gone(timezone.now())
    media, service = shapes.media(message.media), shapes.service(message.service, message.service_names)
    text = "" if gone else message.text[:MAX_TEXT]
    if not (gone or text or media or service) and (message.media or message.service):
        text = shapes.CANNOT_BE_SHOWN
    return {
        "id": message.id,
        "chat": message.chat_id,
        "tid": message.telegram_id,
        "cid": str(message.cid) if message.cid else None,
        "state": message.state,
        "out": message.out,
        "sender": {"id": message.sender_id, "name": message.sender_name},
        "staff": _staff(message),
        "date": message.date.isoformat(),
        "text": text,
        "entities": [] if gone else shapes.entities(message.entities),
        "reply": _reply(message),
        "edited": message.edit_date.isoformat() if message.edit_date else None,
        "deleted": gone,
        "service": None if gone else service,
        "media": None if gone else media,
        "details": None if gone else shapes.details(message.details),
        "expires": message.expires_at.isoformat() if message.expires_at and not gone else None,
        "forward": None if gone else _forward(message),
        "author": message.post_author,
        "error": error(message.error_code, message.error_message) if message.error_code else None,
        "waits_until": message.waits_until.isoformat() if message.waits_until else None,
        "masked": message.has_secret and not gone,
    }


def _unshowable(message: Shown) -> Shown:
    """The same row with a sentence in place of what it says."""
    return message._replace(
        text=shapes.CANNOT_BE_SHOWN,
        entities=None,
        reply_to_id=None,
        service=None,
        media=None,
        details=None,
        forward_name=None,
        error_code="",
    )


def error(code: str, message: str = "") -> ErrorFacts:
    """A code with its sentence, or ``message`` in its place, and the next step for staff."""
    known = disposition(code)
    return {"code": code, "message": message or known.message, "next": known.next_step}


def _staff(message: Shown) -> Person | None:
    """The colleague who sent it; whoever has an id has a name."""
    return None if message.staff_id is None else Person(id=message.staff_id, name=message.staff_name or "")


def _forward(message: Shown) -> Forward | None:
    """Where it came from, with the name as this account knows it or as the forward carries it."""
    if message.forward_name is None:
        return None
    return {"name": message.forward_name, "date": shapes.word(message.forward_date)}


def _reply(message: Shown) -> Reply | None:
    if message.reply_to_id is None:
        return None
    if message.quoted_id is None:
        return {"tid": message.reply_to_id, "name": "", "text": "", "missing": True, "deleted": False}
    gone = bool(message.quoted_gone)
    return {
        "tid": message.reply_to_id,
        "name": message.quoted_name,
        "text": "" if gone else shapes.covered(message.quoted_text, message.quoted_spans),
        "media": None if gone else message.quoted_media,
        "missing": False,
        "deleted": gone,
    }
