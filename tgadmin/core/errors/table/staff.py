"""What is said where staff ask for something that cannot be done now: nothing of it ever reaches Telegram."""

from __future__ import annotations

from tgadmin.core.errors.codes import TelegramErrorCode as Code
from tgadmin.core.errors.kinds import Action, Rows

ROWS: Rows = {
    Code.FORBIDDEN: (
        Action.FAIL,
        "There is no such account, or you may not do that with it.",
        "Ask a manager of the account for the right.",
    ),
    Code.NOT_FOUND: (
        Action.FAIL,
        "There is no such chat or message, or you may not do that with it.",
        "Reload the page.",
    ),
    Code.PARAMETER_INVALID: (
        Action.FAIL,
        "A part of the address was not understood; nothing was changed.",
        "Go back and choose again.",
    ),
    Code.CONFIGURATION_INVALID: (
        Action.FAIL,
        "This installation's access to Telegram is not configured rightly.",
        "Mend the setting that is named, then start again.",
    ),
    Code.ALREADY_DECIDED: (Action.FAIL, "A colleague has answered this request already.", "Nothing to do."),
    Code.STILL_SIGNED_IN: (
        Action.FAIL,
        "The account is still signed in at Telegram; it was not removed.",
        "Log it out first.",
    ),
    Code.NAME_MISSING: (Action.FAIL, "An account needs a name.", "Enter one."),
    Code.REASON_MISSING: (Action.FAIL, "A reason is needed here; the audit keeps it.", "Enter one."),
    Code.EXPORT_NO_ADDRESS: (
        Action.FAIL,
        "The account's data centre is known by a name only, which a StringSession cannot hold.",
        "Nothing to do.",
    ),
    Code.PROXY_INVALID: (
        Action.FAIL,
        "What was entered is no proxy that can be used.",
        "Check the link or the fields.",
    ),
    Code.FACTOR_MISSING: (Action.FAIL, "There is no second factor yet.", "Add one first."),
    Code.FACTOR_NOT_BEGUN: (Action.FAIL, "There is no authenticator to confirm.", "Begin again."),
    Code.FACTOR_REQUIRED: (
        Action.FAIL,
        "All staff here need a second factor; it was not removed.",
        "Replace it instead.",
    ),
    Code.OWN_USER: (Action.FAIL, "You cannot disable yourself; nothing was changed.", "Ask another administrator."),
    Code.LAST_ADMINISTRATOR: (
        Action.FAIL,
        "They are the last administrator; nothing was changed.",
        "Make another administrator first.",
    ),
    Code.USER_DISABLED: (Action.FAIL, "This colleague is disabled; no link was made.", "Enable them first."),
    Code.TOO_MANY_TRIES: (
        Action.FAIL,
        "Too many wrong tries; this one was not looked at.",
        "Wait until the time that is shown.",
    ),
    Code.CID_TAKEN: (Action.FAIL, "This message was already sent elsewhere.", "Nothing to do."),
    Code.EMPTY: (Action.FAIL, "The message is empty; nothing was sent.", "Write something."),
    Code.TOO_LONG: (Action.FAIL, "The message is too long; nothing was sent.", "Shorten or split it."),
    Code.TOO_MUCH_FORMATTING: (
        Action.FAIL,
        "The message has too many formatted parts; nothing was sent.",
        "Format less of it, or split it.",
    ),
    Code.NOT_TEXT: (
        Action.FAIL,
        "This kind of message has no text that could be edited; it stays as it is.",
        "Send a new message instead.",
    ),
    Code.NOT_FAILED: (Action.FAIL, "This message was sent already.", "Nothing to do."),
    Code.SENT: (Action.FAIL, "This message was sent already; it was not discarded.", "Delete it at Telegram instead."),
    Code.UNDER_WAY: (
        Action.FAIL,
        "It is being worked at just now; nothing was changed.",
        "Try again once it is done.",
    ),
    Code.NOT_OURS: (
        Action.FAIL,
        "Only messages sent from this account can be edited; nothing was changed.",
        "Write another message.",
    ),
    Code.NOT_SENT: (
        Action.FAIL,
        "This message is not sent yet; nothing was changed.",
        "Try again once Telegram has it.",
    ),
    Code.GONE: (Action.FAIL, "This message is gone: a colleague removed it.", "Nothing to do."),
    Code.NO_CODE: (Action.FAIL, "Nothing is hidden in this message.", "Nothing to do."),
    Code.HISTORY_WAITS: (Action.FAIL, "Older messages are being fetched already.", "Wait until they are here."),
    Code.TELEGRAM_CHAT: (
        Action.FAIL,
        "Telegram itself writes in this chat, and reads no answers; nothing was sent.",
        "Nothing to do.",
    ),
    Code.SESSION_BANNED: (Action.FAIL, "Telegram has banned this account; nothing was sent.", "Use another account."),
    Code.SESSION_DISABLED: (Action.FAIL, "This account is disabled; nothing was sent.", "Enable the account."),
    Code.SESSION_NEEDS_SIGN_IN: (
        Action.FAIL,
        "This account must be signed in again first; nothing was sent.",
        "Sign the account in again.",
    ),
}
