"""The columns of telegram_chats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from apps.chats.columns import Column, Elsewhere, Table


@dataclass(slots=True)
class ChatColumns:
    """A chat as the inbox holds it. What has a default is so in a new chat."""

    pk: Annotated[int, Column("bigint", once=True, name="id")]
    peer_id: Annotated[int, Column("bigint", once=True)]
    kind: Annotated[str, Column("text")]
    title: Annotated[str, Column("text")]
    username: Annotated[str, Column("text")]
    members_count: Annotated[int | None, Column("integer")]
    can_send: Annotated[bool, Column("boolean")]
    left: Annotated[bool, Column("boolean")]
    is_admin: Annotated[bool, Column("boolean")]
    members_may_write: Annotated[bool, Column("boolean")]
    restricted_until: Annotated[datetime | None, Column("timestamptz")]
    migrated_to: Annotated[int | None, Column("bigint")]
    last_message_at: Annotated[datetime, Column("timestamptz")]
    last_message_id: Annotated[int | None, Column("bigint")] = None
    last_message_text: Annotated[str, Column("text")] = ""
    last_message_sender: Annotated[str, Column("text")] = ""
    last_message_out: Annotated[bool, Column("boolean")] = False
    unread_count: Annotated[int, Column("integer")] = 0
    read_inbox_max_id: Annotated[int, Column("bigint")] = 0
    read_outbox_max_id: Annotated[int, Column("bigint")] = 0
    unread_mark: Annotated[bool, Column("boolean")] = False
    muted_until: Annotated[datetime | None, Column("timestamptz")] = None
    ttl_period: Annotated[int | None, Column("integer")] = None
    pinned: Annotated[bool, Column("boolean")] = False
    archived: Annotated[bool, Column("boolean")] = False
    synced_from_id: Annotated[int | None, Column("bigint")] = None
    history_complete: Annotated[bool, Column("boolean")] = False
    unread_stale: Annotated[bool, Column("boolean")] = False
    last_event: Annotated[int, Column("bigint")] = 0


CHAT_TABLE = Table.of(
    "telegram_chats",
    ChatColumns,
    {
        "session_id": Elsewhere("bigint", "the same for a whole batch: given once a statement"),
        "slow_until": Elsewhere("timestamptz", "Telegram's answer to a message of ours (services.outcomes)"),
        "updated_at": Elsewhere("timestamptz", "the database's own clock, in every statement that writes a chat"),
    },
)
