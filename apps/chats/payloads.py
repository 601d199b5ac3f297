"""What stands in the server's frames, and in the pages that HTTP gives: messages, rows of the chat list, accounts.

Selectors make them; a field that is missing or misspelt there is found by mypy. Times are ISO 8601 with a zone. The
docstring's first paragraph and the texts of the fields are what docs/socket-protocol.md says of them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

PROTOCOL = 2
"""Version of the live socket's protocol (docs/socket-protocol.md)."""

Older = Literal["stored", "telegram", "start"]
"""What lies above a page of history: more is stored, it is to be asked for at Telegram, or that is all."""

Action = Literal["edit", "delete"]
"""What Telegram may refuse to do with a message that it has."""


class Person(TypedDict):
    """Somebody with a name: a peer of Telegram's, or a colleague."""

    id: Annotated[int, "peer id of a sender, user id of a colleague"]
    name: Annotated[str, "as it is shown"]


class Entity(TypedDict):
    """A formatted span of a text, in UTF-16 code units."""

    kind: Annotated[str, "`bold`, `text_url` …"]
    offset: Annotated[int, "where it begins"]
    length: Annotated[int, "how long it is"]
    extra: NotRequired[Annotated[str, "a link's address, a code's language …"]]


class Reply(TypedDict):
    """The message that is answered, as far as it is known."""

    tid: Annotated[int, "its Telegram id"]
    name: Annotated[str | None, "who wrote it"]
    text: Annotated[str | None, "the beginning of its text"]
    media: NotRequired[Annotated[str | None, "its kind of media; left out when it is `missing`"]]
    missing: Annotated[bool, "it is not stored here, or not for this viewer"]
    deleted: Annotated[bool, "it is deleted"]


class Forward(TypedDict):
    """Where a forwarded message comes from."""

    name: Annotated[str, "who wrote it, as this account knows them or as the forward says"]
    date: Annotated[str | None, "when it was written"]


class ErrorFacts(TypedDict):
    """What went wrong at Telegram or here, for people."""

    code: Annotated[str, "one of docs/errors.md"]
    message: Annotated[str, "a sentence"]
    next: Annotated[str, "what staff can do"]


class Message(TypedDict):
    """A message as pages show it."""

    id: Annotated[int, "row id"]
    chat: Annotated[int, "row id of its chat"]
    tid: Annotated[int | None, "Telegram's id; null: not at Telegram yet"]
    cid: Annotated[str | None, "the name that the page gave it that sent it"]
    state: Annotated[str, "`received`, `sending`, `sent` or `failed`"]
    out: Annotated[bool, "the account wrote it"]
    sender: Annotated[Person, "who wrote it"]
    staff: Annotated[Person | None, "the colleague who sent it from here"]
    date: Annotated[str, "when it was written"]
    text: Annotated[str, "text is text: it is put into pages as nodes, never as markup"]
    entities: Annotated[list[Entity], "its formatted spans"]
    reply: Annotated[Reply | None, "what it answers"]
    edited: Annotated[str | None, "when it was edited"]
    deleted: Annotated[bool, "it is deleted, and has no text any more"]
    service: Annotated[dict[str, Any] | None, "a service message's action, with its `kind`, and `names` by id"]
    media: Annotated[dict[str, Any] | None, "its media, with their `kind`"]
    details: Annotated[
        dict[str, Any] | None, "what it bears besides: `quote`, `topic_id`, `buttons`, `album_id`, `via_bot_id` …"
    ]
    expires: Annotated[str | None, "when it is deleted everywhere"]
    forward: Annotated[Forward | None, "where it comes from"]
    author: Annotated[str, "a channel post's signature"]
    error: Annotated[ErrorFacts | None, "why it was not sent, or waits"]
    waits_until: Annotated[str | None, "when it goes out"]
    masked: Annotated[bool, "there is a code in it, which `reveal` shows"]


class LastMessage(TypedDict):
    """A chat's last message, as the list shows it."""

    at: Annotated[str, "when it was written"]
    tid: Annotated[int | None, "its Telegram id"]
    text: Annotated[str, "the beginning of its text, or what it holds"]
    sender: Annotated[str, "who wrote it; empty for our own"]
    out: Annotated[bool, "the account wrote it"]


class Waiting(TypedDict):
    """How many messages of a chat are not at Telegram."""

    sending: Annotated[int, "those that are to go out"]
    failed: Annotated[int, "those that could not be sent"]


class ChatRow(TypedDict):
    """A row of the chat list."""

    id: Annotated[int, "row id of the chat"]
    session: Annotated[int, "its account"]
    peer: Annotated[int, "Telegram's marked id"]
    kind: Annotated[str, "`user`, `bot`, `group`, `supergroup` or `channel`"]
    title: Annotated[str, "its name"]
    username: Annotated[str, "its public name, or empty"]
    members: Annotated[int | None, "how many are in it, where that is known"]
    can_send: Annotated[bool, "the account may write in it"]
    official: Annotated[bool, "it is Telegram's own account, for managers only"]
    left: Annotated[bool, "the account is no longer a member"]
    continued_in: Annotated[int | None, "row id of the supergroup that this group has become: no list shows it"]
    continues: Annotated[int | None, "row id of the group that this supergroup was: its older messages are there"]
    last: Annotated[LastMessage, "its last message"]
    pending: Annotated[Literal["sending", "failed"] | None, "the worst of what waits"]
    waiting: Annotated[Waiting, "how many messages wait"]
    unread: Annotated[int, "unread messages"]
    marked: Annotated[bool, "marked as unread by hand"]
    read_inbox: Annotated[int, "Telegram's id up to which others' messages are read"]
    read_outbox: Annotated[int, "Telegram's id up to which others have read ours"]
    muted: Annotated[bool, "its notifications are off"]
    pinned: Annotated[bool, "it is pinned at Telegram"]
    online: Annotated[bool, "the other one is online; follows within a second"]
    restricted_until: Annotated[str | None, "until when the account may not write here; null: no end is known"]
    slow_until: Annotated[str | None, "until when slow mode lets nobody write"]
    at: Annotated[int, "its last event's number"]


class AccountUnread(TypedDict):
    """How much is unread in an account. Muted chats are counted apart; one that is marked by hand adds no message."""

    session: Annotated[int, "the account"]
    chats: Annotated[int, "its chats with something unread"]
    messages: Annotated[int, "their unread messages"]
    muted_chats: Annotated[int, "the same of chats whose notifications are off"]
    muted_messages: Annotated[int, "their unread messages"]


class ChatListPage(TypedDict):
    """A page of the chat list."""

    chats: Annotated[list[ChatRow], "rows, newest first; of the tab `unread` the oldest first"]
    more: Annotated[str | None, "the cursor of what follows (`…/list/?after=`), or null"]


class HistoryPage(TypedDict):
    """A page of a chat's messages."""

    chat: Annotated[int, "the chat"]
    at: Annotated[int, "the number of the last event that it has: replay begins after it"]
    epoch: Annotated[str, "the epoch of event numbers"]
    messages: Annotated[list[Message], "in their order, what waits to go out at the end"]
    older: Annotated[Older, "what lies above: `stored` (more is), `telegram` (ask there) or `start` (nothing)"]
    ask_before: Annotated[int, "what `history` is asked for when `older` is `telegram`"]
    newer: Annotated[bool, "there are messages below"]


class Newest(TypedDict):
    """A chat's newest page, with its row."""

    page: Annotated[HistoryPage, "the newest messages that fit"]
    row: Annotated[ChatRow, "the chat's row"]


class SessionFacts(TypedDict):
    """What everybody who may see an account sees of it."""

    id: Annotated[int, "row id of the account"]
    name: Annotated[str, "its name here"]
    phone: Annotated[str, "its number, masked"]
    user_id: Annotated[int | None, "Telegram's user id"]
    status: Annotated[str, "`ready`, `connecting` …"]
    label: Annotated[str, "the status for people"]
    code: Annotated[str, "the error code of its cause, or empty"]
    cause: Annotated[str, "the cause as a sentence, or empty"]
    message: Annotated[str, "what the status means for the viewer, or empty"]
    since: Annotated[str, "since when it is so"]
    retry_at: Annotated[str | None, "when the next attempt is made"]
    flood_until: Annotated[str | None, "until when Telegram lets it send nothing"]


class Session(SessionFacts):
    """An account as its viewer may use it."""

    role: Annotated[str, "the viewer's role in it, for people"]
    can_send: Annotated[bool, "the viewer may write"]
    can_manage: Annotated[bool, "the viewer may manage it, and sees Telegram's own chats"]
    managers: Annotated[list[str], "names of colleagues who manage it"]


class Notice(TypedDict):
    """Something that was asked of Telegram and refused, or not asked any more."""

    message: Annotated[int | None, "the message that stays as it was"]
    action: Annotated[Action, "what was asked for"]
    error: Annotated[ErrorFacts, "why"]


class RevealedText(TypedDict):
    """A message with the code in it, as Telegram sent it."""

    text: Annotated[str, "its text"]
    entities: Annotated[list[Entity], "its formatted spans"]


class Revealed(RevealedText):
    """The answer to `reveal`; codes are bullets in every other frame."""

    message: Annotated[int, "the message"]
