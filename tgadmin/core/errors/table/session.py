"""What is done and said about codes that are about an account's authorization as a whole."""

from __future__ import annotations

from tgadmin.core.errors.codes import TelegramErrorCode as Code
from tgadmin.core.errors.kinds import Action, Rows

ROWS: Rows = {
    Code.AUTH_KEY_UNREGISTERED: (
        Action.STOP,
        "This authorization was ended at Telegram; the account's chats are kept.",
        "Sign the account in again.",
    ),
    Code.AUTH_KEY_NOT_FOUND: (
        Action.STOP,
        "Telegram does not know this authorization; the account's chats are kept.",
        "Sign the account in again.",
    ),
    Code.AUTH_KEY_INVALID: (
        Action.STOP,
        "Telegram does not accept this authorization; the account's chats are kept.",
        "Sign the account in again.",
    ),
    Code.AUTH_KEY_PERM_EMPTY: (
        Action.STOP,
        "This authorization was never completed.",
        "Sign the account in again.",
    ),
    Code.AUTH_KEY_DUPLICATED: (
        Action.STOP,
        "This authorization was used from two places at once, so Telegram destroyed it; the account's chats are kept.",
        "Make sure that no other program uses it, then sign the account in again.",
    ),
    Code.SESSION_REVOKED: (
        Action.STOP,
        "This session was ended on another of the account's devices; its chats are kept.",
        "Ask the account's owner, then sign the account in again.",
    ),
    Code.SESSION_EXPIRED: (
        Action.STOP,
        "This session ran out after a long time without use; the account's chats are kept.",
        "Sign the account in again.",
    ),
    Code.USER_DEACTIVATED: (
        Action.STOP,
        "This account was deleted at Telegram; its chats are kept here.",
        "Register the number again in an official Telegram app, or disable the account here.",
    ),
    Code.USER_DEACTIVATED_BAN: (
        Action.STOP,
        "Telegram has banned this account; its chats are kept here.",
        "Write to recover@telegram.org from the number's owner, or disable the account here.",
    ),
    Code.ACCOUNT_MISMATCH: (
        Action.STOP,
        "This authorization belongs to another account; it was not used.",
        "Sign the account in again.",
    ),
    Code.KEYS_MISSING: (
        Action.STOP,
        "This account has no authorization here; its chats are kept.",
        "Sign the account in.",
    ),
    Code.ACTIVE_USER_REQUIRED: (
        Action.STOP,
        "Telegram wants this account to be used in an official app first; its chats are kept.",
        "Open the account in an official Telegram app, then sign it in again.",
    ),
    Code.FROZEN_METHOD_INVALID: (
        Action.FAIL,
        "Telegram has frozen this account: it can read, but not write.",
        "Open the account in an official Telegram app and appeal there.",
    ),
    Code.FRESH_RESET_AUTHORISATION_FORBIDDEN: (
        Action.FAIL,
        "A session younger than a day may not end other sessions; nothing was changed.",
        "Try again 24 hours after the sign-in.",
    ),
    Code.FRESH_CHANGE_PHONE_FORBIDDEN: (
        Action.FAIL,
        "A session younger than a day may not change the number; nothing was changed.",
        "Try again 24 hours after the sign-in.",
    ),
    Code.HASH_INVALID: (
        Action.FAIL,
        "This device is no longer signed in to the account.",
        "Reload the list of devices.",
    ),
    Code.TTL_DAYS_INVALID: (
        Action.FAIL,
        "Telegram takes 1 to 366 days; nothing was changed.",
        "Enter another number of days.",
    ),
    Code.DC_ID_INVALID: (
        Action.FAIL,
        "Telegram named a data centre that it does not list.",
        "Report the code; everything is kept.",
    ),
    Code.USER_MIGRATE: (
        Action.MIGRATE,
        "Telegram has moved this account to another data centre; everything is kept.",
        "Nothing to do: it is connected there.",
    ),
    Code.PHONE_MIGRATE: (
        Action.MIGRATE,
        "This number belongs to another data centre.",
        "Nothing to do: it is asked there.",
    ),
    Code.NETWORK_MIGRATE: (
        Action.MIGRATE,
        "Telegram wants this to be asked at another data centre.",
        "Nothing to do: it is asked there.",
    ),
    Code.FILE_MIGRATE: (
        Action.MIGRATE,
        "This file lies at another data centre.",
        "Nothing to do: it is fetched there.",
    ),
    Code.STATS_MIGRATE: (
        Action.MIGRATE,
        "These statistics lie at another data centre.",
        "Nothing to do: they are fetched there.",
    ),
}
