"""The table behind core.errors: what is done about each code that our requests meet, and what staff are told.

One module per subject. tests/core/test_errors.py holds it complete for the methods that we call.
"""

from __future__ import annotations

from tgadmin.core.errors.codes import TelegramErrorCode as Code
from tgadmin.core.errors.kinds import Action, Kind, Row, Rows
from tgadmin.core.errors.table import messages, ours, session, signing_in, staff, updates

DEFAULTS: dict[Kind, Row] = {
    Kind.MIGRATE: (
        Action.MIGRATE,
        "Telegram keeps this at another data centre.",
        "Nothing to do: it is asked there.",
    ),
    Kind.CALLER: (
        Action.FAIL,
        "Telegram did not accept this request; nothing was changed.",
        "Check what was entered and try again; if it stays, report the code.",
    ),
    Kind.SESSION: (
        Action.STOP,
        "Telegram no longer accepts this account's authorization; its chats are kept.",
        "Sign the account in again.",
    ),
    Kind.RIGHTS: (
        Action.FAIL,
        "This account is not allowed to do that here; nothing was changed.",
        "Ask an administrator of the chat for the right, or use another account.",
    ),
    Kind.REFUSED: (
        Action.FAIL,
        "Telegram refused this; nothing was changed.",
        "Try again later, or do it in an official Telegram app.",
    ),
    Kind.WAIT: (
        Action.WAIT,
        "Telegram asks us to wait; what was to be done is kept.",
        "Nothing to do: it goes on by itself when the time is over.",
    ),
    Kind.RETRY: (
        Action.RETRY,
        "Telegram has an internal problem; what was to be done is kept.",
        "Nothing to do: it is tried again.",
    ),
    Kind.NETWORK: (
        Action.RETRY,
        "Telegram did not answer; what was to be done is kept.",
        "Nothing to do: it is tried again. If it lasts, check this server's network.",
    ),
}

_BUG: Row = (
    Action.FAIL,
    "This installation asked Telegram wrongly; nothing was changed.",
    "Update this installation; if it stays, report the code.",
)
_BUGS = (
    Code.BUTTON_DATA_INVALID,
    Code.BUTTON_TYPE_INVALID,
    Code.BUTTON_URL_INVALID,
    Code.CDN_METHOD_INVALID,
    Code.CONNECTION_API_ID_INVALID,
    Code.CONNECTION_DEVICE_MODEL_EMPTY,
    Code.CONNECTION_LANG_PACK_INVALID,
    Code.CONNECTION_LAYER_INVALID,
    Code.CONNECTION_NOT_INITED,
    Code.CONNECTION_SYSTEM_EMPTY,
    Code.DATE_EMPTY,
    Code.FOLDER_ID_INVALID,
    Code.INPUT_CONSTRUCTOR_INVALID,
    Code.INPUT_FETCH_FAIL,
    Code.INPUT_LAYER_INVALID,
    Code.INPUT_PEERS_EMPTY,
    Code.INPUT_REQUEST_TOO_LONG,
    Code.LIMIT_INVALID,
    Code.MEDIA_NEW_INVALID,
    Code.RANGES_INVALID,
    Code.REPLY_MARKUP_INVALID,
    Code.REPLY_MARKUP_TOO_LONG,
    Code.SCHEDULE_DATE_INVALID,
    Code.SCHEDULE_DATE_TOO_LATE,
    Code.SCHEDULE_TOO_MUCH,
    Code.TAKEOUT_INVALID,
)
"""What only a request that we build wrongly brings: no member of staff can do anything about it."""

TABLE: Rows = (
    signing_in.ROWS | session.ROWS | messages.ROWS | updates.ROWS | ours.ROWS | staff.ROWS | dict.fromkeys(_BUGS, _BUG)
)
