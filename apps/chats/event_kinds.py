"""Every kind of event that a chat can have: what was written down, and what an open page gets of it. Pure."""

from __future__ import annotations

from enum import StrEnum


class EventKind(StrEnum):
    """What changed in a chat, as ``chat_events.kind`` has it.

    ``meaning`` says what has happened, ``pages_get`` what pages that show the chat get.

    Kinds stay on the server: pages hear of the row as it is now (``events`` frames), or begin again (``reset``). While
    tgadmin is updated a reader may meet a kind that it does not know: it tells it like any other."""

    MESSAGE = "message", "A message arrived, or was written here.", "The message in `messages`."
    EDIT = "edit", "A message has other content than before.", "The message in `messages`."
    DELETE = (
        "delete",
        "A message is gone: deleted at Telegram, discarded, or found to be the same as another one.",
        "The message without its text in `messages`, or, when its row is gone, its id in `removed`.",
    )
    STATE = (
        "state",
        "A message of ours was sent, has to wait, failed, or Telegram refused to change it.",
        "The message in `messages`; what was refused in `notices`.",
    )
    READ_INBOX = "read_inbox", "What others wrote counts as read up to a message.", "The chat's list row in `row`."
    READ_OUTBOX = "read_outbox", "The others have read up to a message.", "The chat's list row in `row`."
    RESET = (
        "reset",
        "The stored history has changed in a way that no list of events tells.",
        "A `reset` frame with the newest page.",
    )

    meaning: str
    pages_get: str

    def __new__(cls, value: str, meaning: str, pages_get: str) -> EventKind:
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.meaning = meaning
        kind.pages_get = pages_get
        return kind
