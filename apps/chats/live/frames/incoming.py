"""What a page may send on the live socket. A class is a frame, an annotated attribute one of its fields: its type, its
check, what it means. One with a default may be left out, or be null.

Handlers get instances (``parsing.parse``), so a field that does not exist is found by mypy. The docstring's first
paragraph is what docs/socket-protocol.md says of the frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from apps.chats.live.frames.checks import (
    ACCOUNT_IDS,
    BIGINT,
    FLAG,
    MESSAGE_ID,
    ROW_ID,
    ROW_IDS,
    SPANS,
    TELEGRAM_ID,
    TEXT,
    UUID_TEXT,
    Whole,
)
from tgadmin.core.types import Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A frame from the page. ``type`` is its name on the wire, ``answer`` says for people what is answered; ``ref``
    (see ``parsing``) is repeated in the answer."""

    type: ClassVar[str]
    answer: ClassVar[str]

    ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HelloRequest(Request):
    """The page greets; it does so first, and once."""

    type = "hello"
    answer = "`welcome`"

    version: Annotated[int, Whole(0, 1000, "whole number"), "the protocol's version that the page speaks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PingRequest(Request):
    """The page lives, and asks whether the server does."""

    type = "ping"
    answer = "`pong`"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest(Request):
    """From here on the page follows this account's chat list, or one list over all accounts that the user may see."""

    type = "list"
    answer = "`list`, then `chats` as rows change"

    session: Annotated[int | None, ROW_ID, "the account; left out or null: all of them"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyRequest(Request):
    """From here on the page hears of rows that change in these accounts, besides those of its list: it tells its user
    of messages there."""

    type = "notify"
    answer = "`chats` as rows change"

    sessions: Annotated[list[int], ACCOUNT_IDS, "the accounts, of which those count that the user may see"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRequest(Request):
    """What the user has gone to: their next visit to `/chats/` begins there."""

    type = "place"
    answer = "none"

    session: Annotated[int | None, ROW_ID, "the account; left out or null: the list over all of them"] = None
    chat: Annotated[int | None, ROW_ID, "the chat; left out or null: the list alone"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest(Request):
    """From here on the page follows this chat, of an account whose list it follows."""

    type = "open"
    answer = "`opened` or `reset` (and `page`), then `events`"

    chat: Annotated[int, ROW_ID, "the chat"]
    epoch: Annotated[UUID | None, UUID_TEXT, "the epoch of the event numbers that the page knows"] = None
    after: Annotated[int | None, Whole(0, BIGINT, "event number"), "the last event that the page knows"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRequest(Request):
    """The page follows no chat any more."""

    type = "close"
    answer = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest(Request):
    """Send a message; the same `cid` again, over however many connections and reloads, makes one message."""

    type = "send"
    answer = "`ok` with `message`"

    chat: Annotated[int, ROW_ID, "the chat"]
    cid: Annotated[UUID, UUID_TEXT, "the page's own name for the message"]
    text: Annotated[str, TEXT, "what is sent, at most 4,096 UTF-16 code units"]
    entities: Annotated[tuple[Entity, ...] | None, SPANS, "its formatted spans; what may not be sent is left out"] = (
        None
    )
    reply_to: Annotated[int | None, TELEGRAM_ID, "the message of the same chat that is answered"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRequest(Request):
    """Send a message again that failed."""

    type = "retry"
    answer = "`ok`"

    message: Annotated[int, ROW_ID, "the message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardRequest(Request):
    """Remove a message that never went out."""

    type = "discard"
    answer = "`ok`"

    message: Annotated[int, ROW_ID, "the message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealRequest(Request):
    """Show a manager the code in a message of Telegram's own account, on this page alone; who asked is on record."""

    type = "reveal"
    answer = "`ok` with `shown`"

    message: Annotated[int, ROW_ID, "one that is `masked`"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRequest(Request):
    """Change the text of a message that this account sent, or the caption of its media."""

    type = "edit"
    answer = "`done` when Telegram has answered"

    message: Annotated[int, ROW_ID, "the message"]
    text: Annotated[str, TEXT, "its new text; a caption may be empty"]
    entities: Annotated[
        tuple[Entity, ...] | None, SPANS, "all its formatted spans; left out: those that it has, where it is the same"
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRequest(Request):
    """Delete messages of one chat for everybody."""

    type = "delete"
    answer = "`done` when Telegram has answered"

    messages: Annotated[list[int], ROW_IDS, "the messages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRequest(Request):
    """Have older messages fetched from Telegram; they are then read from `…/history/`. Of a chat one request is under
    way and one waits, whoever asked (the same one again is joined); of a user eight wait or are under way over all
    chats; beyond that `error` with `HISTORY_WAITS`."""

    type = "history"
    answer = "`done`"

    chat: Annotated[int, ROW_ID, "the chat"]
    before: Annotated[int, Whole(0, MESSAGE_ID, "Telegram's message id, or 0"), "those below it; 0: the newest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest(Request):
    """What others wrote is read, up to a message."""

    type = "read"
    answer = "none: an event follows"

    chat: Annotated[int, ROW_ID, "the chat"]
    max_id: Annotated[int, TELEGRAM_ID, "the last message that is read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRequest(Request):
    """Mark a chat as unread by hand, or no longer; its messages stay as read as they are."""

    type = "mark"
    answer = "`ok`"

    chat: Annotated[int, ROW_ID, "the chat"]
    unread: Annotated[bool, FLAG, "whether it is marked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypingRequest(Request):
    """Somebody types in the page: the other side is shown it."""

    type = "typing"
    answer = "none"

    chat: Annotated[int, ROW_ID, "the chat"]


REQUESTS: tuple[type[Request], ...] = (
    HelloRequest,
    PingRequest,
    ListRequest,
    NotifyRequest,
    PlaceRequest,
    OpenRequest,
    CloseRequest,
    SendRequest,
    RetryRequest,
    DiscardRequest,
    RevealRequest,
    EditRequest,
    DeleteRequest,
    HistoryRequest,
    ReadRequest,
    MarkRequest,
    TypingRequest,
)
"""All of them, in the order of the documentation."""

TYPES: dict[str, type[Request]] = {one.type: one for one in REQUESTS}
"""By their names on the wire."""
