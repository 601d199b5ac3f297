"""What is done and said about codes that fetching updates meets."""

from __future__ import annotations

from tgadmin.core.errors.codes import TelegramErrorCode as Code
from tgadmin.core.errors.kinds import Action, Rows

ROWS: Rows = {
    Code.PERSISTENT_TIMESTAMP_EMPTY: (
        Action.CATCH_UP,
        "The account's place in Telegram's updates was not known.",
        "Nothing to do: it is read again.",
    ),
    Code.PERSISTENT_TIMESTAMP_INVALID: (
        Action.CATCH_UP,
        "Telegram does not know the place up to which updates were stored.",
        "Nothing to do: the newest state is fetched and the gap noted.",
    ),
    Code.PERSISTENT_TIMESTAMP_OUTDATED: (
        Action.RETRY,
        "Telegram's servers are just catching up among themselves.",
        "Nothing to do: it is tried again.",
    ),
    Code.HISTORY_GET_FAILED: (
        Action.RETRY,
        "Telegram could not read this history just now.",
        "Nothing to do: it is tried again.",
    ),
    Code.MEMBER_NO_LOCATION: (
        Action.RETRY,
        "Telegram could not find the account's data just now.",
        "Nothing to do: it is tried again.",
    ),
    Code.NEED_MEMBER_INVALID: (
        Action.RETRY,
        "Telegram could not find the account's data just now.",
        "Nothing to do: it is tried again.",
    ),
    Code.STORE_INVALID_SCALAR_TYPE: (
        Action.RETRY,
        "Telegram has an internal problem with its store.",
        "Nothing to do: it is tried again.",
    ),
}
