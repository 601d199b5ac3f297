"""The columns of telegram_messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from apps.chats.columns import Column, Elsewhere, Table


@dataclass(slots=True)
class MessageColumns:
    """A message as the inbox holds it; JSON as text. What has a default is so in a new row until Telegram's message
    says otherwise."""

    pk: Annotated[int, Column("bigint", once=True, name="id")]
    chat_id: Annotated[int, Column("bigint", once=True)]
    box: Annotated[int, Column("bigint", once=True)]
    state: Annotated[str, Column("text")]
    date: Annotated[datetime, Column("timestamptz", arrived=True)]
    telegram_id: Annotated[int | None, Column("bigint", arrived=True)] = None
    random_id: Annotated[int | None, Column("bigint", once=True)] = None
    error_code: Annotated[str, Column("text")] = ""
    waits_until: Annotated[datetime | None, Column("timestamptz")] = None
    out: Annotated[bool, Column("boolean", arrived=True)] = False
    sender_id: Annotated[int | None, Column("bigint", arrived=True)] = None
    text: Annotated[str, Column("text", arrived=True)] = ""
    entities: Annotated[str, Column("jsonb", arrived=True)] = "[]"
    reply_to_id: Annotated[int | None, Column("bigint", arrived=True)] = None
    edit_date: Annotated[datetime | None, Column("timestamptz", arrived=True)] = None
    deleted_at: Annotated[datetime | None, Column("timestamptz", arrived=True)] = None
    expires_at: Annotated[datetime | None, Column("timestamptz", arrived=True)] = None
    service: Annotated[str | None, Column("jsonb", arrived=True)] = None
    media: Annotated[str | None, Column("jsonb", arrived=True)] = None
    forward: Annotated[str | None, Column("jsonb", arrived=True)] = None
    details: Annotated[str | None, Column("jsonb", arrived=True)] = None
    post_author: Annotated[str, Column("text", arrived=True)] = ""
    managers_only: Annotated[bool, Column("boolean", arrived=True)] = False


MESSAGE_TABLE = Table.of(
    "telegram_messages",
    MessageColumns,
    {
        "session_id": Elsewhere("bigint", "the same for a whole batch: given once a statement"),
        "cid": Elsewhere("uuid", "the page's own name for what staff write (services.messages)"),
        "staff_id": Elsewhere("integer", "who of the staff wrote it (services.messages)"),
        "error_message": Elsewhere("text", "why it was refused here (services.outcomes)"),
    },
)

_NUMBERS = 'lax $.*[*] ? (@.type() == "number" && @ == @.floor() && @ > -9e15 && @ < 9e15)'
"""JSON path: the whole numbers among an action's facts, which its people's ids are among."""


def names_in_service(message: str) -> str:
    """SQL: the names of the peers whose ids are in a service message's facts, as JSON by id; NULL for any other
    message. ``message``: the table's alias."""
    return f"""(CASE WHEN {message}.service IS NOT NULL THEN (
        SELECT jsonb_object_agg(p.peer_id, p.name) FROM telegram_peers p
        WHERE p.session_id = {message}.session_id AND p.peer_id = ANY(ARRAY(
            SELECT each::numeric::bigint FROM jsonb_path_query({message}.service, '{_NUMBERS}') each LIMIT 100))
    ) END)"""  # noqa: S608
