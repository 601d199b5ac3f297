"""What the server sends on the live socket. A class is a frame, an annotated attribute one of its fields.

They are dicts at run time, so nothing is paid for them; mypy finds a field that is missing or misspelt. Those that grow
with what is in them are put together from JSON that was made before (``hub/frames.py``). The docstring's first
paragraph and the texts of the fields are what docs/socket-protocol.md says of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, NotRequired, TypedDict, TypeVar

from apps.chats.payloads import (
    AccountUnread,
    ChatRow,
    ErrorFacts,
    Message,
    Newest,
    Notice,
    Older,
    Revealed,
    Session,
    SessionFacts,
)
from tgadmin.core.frames import PartFrame

REF = "the request's, if it had one"


class WelcomeFrame(TypedDict):
    """The answer to `hello`."""

    type: Literal["welcome"]
    version: Annotated[int, "the protocol's version"]
    sessions: Annotated[list[Session], "the accounts that the user may see"]
    ref: NotRequired[Annotated[str, REF]]


class SessionsFrame(TypedDict):
    """The user's rights have changed."""

    type: Literal["sessions"]
    sessions: Annotated[list[Session], "the accounts that they may see now"]


class SessionFrame(SessionFacts):
    """An account's status has changed: its facts, without what depends on the viewer."""

    type: Literal["session"]


class ListFrame(TypedDict):
    """The answer to `list`: the first 100 rows, or those of them that fit; `chats` frames bring the others."""

    type: Literal["list"]
    session: Annotated[int | None, "the account; null: all of them"]
    unread: Annotated[int, "chats with unread messages"]
    more: Annotated[str | None, "the cursor of what follows (`…/list/?after=`), or null"]
    chats: Annotated[list[ChatRow], "rows, newest first"]
    ref: NotRequired[Annotated[str, REF]]


class ChatsFrame(TypedDict):
    """Rows of the list that changed."""

    type: Literal["chats"]
    session: Annotated[int, "the account"]
    chats: Annotated[list[ChatRow], "rows; one whose `at` is below that of the row that the page has says nothing new"]
    unread: Annotated[int, "chats with unread messages"]


class UnreadFrame(TypedDict):
    """How much is unread, as it changes: of all accounts that the user may see soon after `welcome` and whenever their
    rights have changed, then of those in which it changed; it follows within a second."""

    type: Literal["unread"]
    accounts: Annotated[list[AccountUnread], "accounts; what is known of others stays"]


class OpenedFrame(TypedDict):
    """The answer to `open` when the page's numbers go on: `events` follow."""

    type: Literal["opened"]
    chat: Annotated[int, "the chat"]
    ref: NotRequired[Annotated[str, REF]]
    at: Annotated[int, "replay begins after this number"]


class EventsFrame(TypedDict):
    """What happened in the open chat; applying one twice does no harm."""

    type: Literal["events"]
    chat: Annotated[int, "the chat"]
    after: Annotated[int, "the number before the first event; beyond what the page knows: it sends `open` again"]
    to: Annotated[int, "the number of the last event; not beyond what the page knows: the frame says nothing new"]
    messages: Annotated[list[Message], "the messages that the events are about, as they are now"]
    removed: Annotated[list[int], "ids of messages whose rows are gone, or not for this viewer"]
    notices: Annotated[list[Notice], "what was refused"]
    row: Annotated[ChatRow, "the chat's row"]


class ResetFrame(Newest):
    """The page begins again: the newest page, `at` and `epoch` of which say where to resume; `page` frames bring what
    of it does not fit."""

    type: Literal["reset"]
    ref: NotRequired[Annotated[str, REF]]


class PageFrame(TypedDict):
    """Messages of the newest page above those of `reset`."""

    type: Literal["page"]
    chat: Annotated[int, "the chat"]
    older: Annotated[Older, "what lies above these"]
    ask_before: Annotated[int, "what `history` is asked for when `older` is `telegram`"]
    messages: Annotated[list[Message], "in their order"]


class TypingFrame(TypedDict):
    """Somebody types in a chat of the account; not stored: it ends by itself after 6 s."""

    type: Literal["typing"]
    session: Annotated[int, "the account"]
    peer_id: Annotated[int, "the chat's peer"]
    sender_id: Annotated[int, "who types"]
    name: Annotated[str, "their name, or empty"]
    action: Annotated[str, "`typing`, `record_audio` …; `cancel` ends it"]


class OkFrame(TypedDict):
    """The request is carried out; nothing of it waits for Telegram."""

    type: Literal["ok"]
    ref: Annotated[str | None, "the request's"]
    message: NotRequired[Annotated[Message, "the message that `send` made"]]
    shown: NotRequired[Annotated[Revealed, "what `reveal` shows"]]


class DoneFrame(TypedDict):
    """The gateway has settled what was asked for."""

    type: Literal["done"]
    ref: Annotated[str | None, "the request's"]
    state: Annotated[str, "`done`, `failed` or `cancelled`"]
    error: Annotated[ErrorFacts | None, "why it was not done"]


class ErrorFrame(TypedDict):
    """The request is refused; `code` says why."""

    type: Literal["error"]
    ref: Annotated[str | None, "the request's; null: it answers none"]
    code: Annotated[str, "one of those below"]
    message: Annotated[str, "a sentence for people"]
    until: NotRequired[Annotated[str, "when another try may help, where that is known"]]
    chat: NotRequired[Annotated[int, "the chat, with `UNREADABLE`"]]


class GoneFrame(TypedDict):
    """An account may no longer be seen; nothing more is told of it."""

    type: Literal["gone"]
    session: Annotated[int, "the account"]


class RefusedFrame(TypedDict):
    """No slot is free for this socket; the close code that follows says which limit was reached."""

    type: Literal["refused"]
    limit: Annotated[int, "the limit"]
    seconds: Annotated[int, "when another try may help"]


class PongFrame(TypedDict):
    """The answer to `ping`."""

    type: Literal["pong"]
    ref: NotRequired[Annotated[str, REF]]


Answer = TypeVar("Answer", WelcomeFrame, ListFrame, OpenedFrame, ResetFrame, PongFrame)


def answering(frame: Answer, ref: str | None) -> Answer:
    """The frame, as the answer to the request that had this ``ref``."""
    if ref is not None:
        frame["ref"] = ref
    return frame


Outgoing = (
    WelcomeFrame
    | SessionsFrame
    | SessionFrame
    | ListFrame
    | ChatsFrame
    | UnreadFrame
    | OpenedFrame
    | EventsFrame
    | ResetFrame
    | PageFrame
    | TypingFrame
    | OkFrame
    | DoneFrame
    | ErrorFrame
    | GoneFrame
    | RefusedFrame
    | PongFrame
    | PartFrame
)
"""All of them, in the order of the documentation."""


def error(ref: str | None, code: str, message: str, until: datetime | None = None) -> ErrorFrame:
    """The frame that says that something cannot be done."""
    frame = ErrorFrame(type="error", ref=ref, code=code, message=message)
    if until is not None:
        frame["until"] = until.isoformat()
    return frame


def unreadable(chat_id: int, ref: str | None = None) -> ErrorFrame:
    """The frame that says that a chat cannot be read, whether somebody asked (``ref``) or not."""
    message = (
        "Something that is stored of this chat cannot be read. Other chats are not affected. Tell your administrator."
    )
    frame = error(ref, "UNREADABLE", message)
    frame["chat"] = chat_id
    return frame
