"""The table behind core.errors: what is done about each code that our requests meet, and what staff are told."""

from __future__ import annotations

from tgadmin.core.error_kinds import Action, Kind

Row = tuple[Action, str, str]

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

_SIGN_IN: dict[str, Row] = {
    "PHONE_NUMBER_INVALID": (
        Action.FAIL,
        "Telegram does not know this as a phone number.",
        "Enter it with its country code, as +49 151 23456789.",
    ),
    "PHONE_NUMBER_BANNED": (
        Action.FAIL,
        "Telegram has banned this phone number; no account can be signed in with it.",
        "Write to recover@telegram.org from the number's owner, or use another number.",
    ),
    "PHONE_NUMBER_FLOOD": (
        Action.FAIL,
        "Codes were asked for too often for this number; Telegram sends none for now.",
        "Wait a day, then start the sign-in again.",
    ),
    "PHONE_NUMBER_UNOCCUPIED": (
        Action.FAIL,
        "No Telegram account exists for this number, and none is made from here.",
        "Check the number, or register it in an official Telegram app first.",
    ),
    "PHONE_NOT_OCCUPIED": (
        Action.FAIL,
        "No Telegram account exists for this number, and none is made from here.",
        "Check the number, or register it in an official Telegram app first.",
    ),
    "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN": (
        Action.FAIL,
        "This number has no account, and Telegram does not let this application register it.",
        "Register the number in an official Telegram app first.",
    ),
    "PHONE_PASSWORD_FLOOD": (
        Action.FAIL,
        "The sign-in was tried too often; Telegram refuses further tries for now.",
        "Wait some hours, then start the sign-in again.",
    ),
    "PHONE_PASSWORD_PROTECTED": (
        Action.ASK_PASSWORD,
        "This account is protected by a cloud password.",
        "Enter the cloud password.",
    ),
    "PHONE_CODE_INVALID": (
        Action.FAIL,
        "This code is not the one that Telegram sent; the sign-in stays open.",
        "Enter the newest code, or have another one sent.",
    ),
    "PHONE_CODE_EMPTY": (
        Action.FAIL,
        "No code was entered; the sign-in stays open.",
        "Enter the code that Telegram sent.",
    ),
    "PHONE_CODE_EXPIRED": (
        Action.RESTART_SIGN_IN,
        "This code is no longer valid.",
        "Have a new code sent: the sign-in begins again with the same number.",
    ),
    "PHONE_CODE_HASH_EMPTY": (
        Action.RESTART_SIGN_IN,
        "Telegram no longer knows this sign-in.",
        "Start again from the phone number.",
    ),
    "PHONE_HASH_EXPIRED": (
        Action.RESTART_SIGN_IN,
        "Telegram no longer knows this sign-in.",
        "Start again from the phone number.",
    ),
    "SEND_CODE_UNAVAILABLE": (
        Action.FAIL,
        "Telegram has no further way to send a code to this number; the codes sent so far stay valid.",
        "Enter the code that came last, or wait and start the sign-in again.",
    ),
    "SMS_CODE_CREATE_FAILED": (
        Action.RETRY,
        "Telegram could not make a code just now; the sign-in stays open.",
        "Have the code sent again in a minute.",
    ),
    "AUTH_RESTART": (
        Action.RESTART_SIGN_IN,
        "Telegram asks to begin this sign-in again.",
        "Start again from the phone number.",
    ),
    "SIGN_IN_FAILED": (
        Action.RESTART_SIGN_IN,
        "Telegram could not complete this sign-in.",
        "Start again from the phone number.",
    ),
    "SESSION_PASSWORD_NEEDED": (
        Action.ASK_PASSWORD,
        "The code was right; this account is also protected by a cloud password.",
        "Enter the cloud password.",
    ),
    "PASSWORD_HASH_INVALID": (
        Action.FAIL,
        "This is not the account's cloud password; the sign-in stays open.",
        "Enter the password again; mind the hint.",
    ),
    "PASSWORD_EMPTY": (
        Action.FAIL,
        "No password was entered; the sign-in stays open.",
        "Enter the cloud password.",
    ),
    "SRP_ID_INVALID": (
        Action.RETRY,
        "The password check took too long; the sign-in stays open.",
        "Enter the password again.",
    ),
    "SRP_PASSWORD_CHANGED": (
        Action.RETRY,
        "The cloud password was changed meanwhile; the sign-in stays open.",
        "Enter the new password.",
    ),
    "PASSWORD_RECOVERY_NA": (
        Action.FAIL,
        "This account has no recovery address for its cloud password.",
        "Ask the account's owner for the password.",
    ),
    "UPDATE_APP_TO_LOGIN": (
        Action.FAIL,
        "Telegram wants a newer application for this sign-in.",
        "Update this installation, then start the sign-in again.",
    ),
    "EMAIL_UNCONFIRMED": (
        Action.FAIL,
        "The account's recovery address is not confirmed yet.",
        "Confirm it in an official Telegram app first.",
    ),
    "API_ID_INVALID": (
        Action.FAIL,
        "Telegram does not know this installation's API id and hash.",
        "Check TELEGRAM_API_ID and TELEGRAM_API_HASH against my.telegram.org.",
    ),
    "API_ID_PUBLISHED_FLOOD": (
        Action.FAIL,
        "This API id was published and is blocked by Telegram for new sign-ins.",
        "Make an own API id at my.telegram.org and enter it in the configuration.",
    ),
    "USER_ALREADY_AUTHORIZED": (
        Action.SUCCESS,
        "The account is signed in already.",
        "Nothing to do.",
    ),
}

_SESSION: dict[str, Row] = {
    "AUTH_KEY_UNREGISTERED": (
        Action.STOP,
        "This authorization was ended at Telegram; the account's chats are kept.",
        "Sign the account in again.",
    ),
    "AUTH_KEY_NOT_FOUND": (
        Action.STOP,
        "Telegram does not know this authorization; the account's chats are kept.",
        "Sign the account in again.",
    ),
    "AUTH_KEY_INVALID": (
        Action.STOP,
        "Telegram does not accept this authorization; the account's chats are kept.",
        "Sign the account in again.",
    ),
    "AUTH_KEY_PERM_EMPTY": (
        Action.STOP,
        "This authorization was never completed.",
        "Sign the account in again.",
    ),
    "AUTH_KEY_DUPLICATED": (
        Action.STOP,
        "This authorization was used from two places at once, so Telegram destroyed it; the account's chats are kept.",
        "Make sure that no other program uses it, then sign the account in again.",
    ),
    "SESSION_REVOKED": (
        Action.STOP,
        "This session was ended on another of the account's devices; its chats are kept.",
        "Ask the account's owner, then sign the account in again.",
    ),
    "SESSION_EXPIRED": (
        Action.STOP,
        "This session ran out after a long time without use; the account's chats are kept.",
        "Sign the account in again.",
    ),
    "USER_DEACTIVATED": (
        Action.STOP,
        "This account was deleted at Telegram; its chats are kept here.",
        "Register the number anew in an official Telegram app, or disable the account here.",
    ),
    "USER_DEACTIVATED_BAN": (
        Action.STOP,
        "Telegram has banned this account; its chats are kept here.",
        "Write to recover@telegram.org from the number's owner, or disable the account here.",
    ),
    "ACCOUNT_MISMATCH": (
        Action.STOP,
        "This authorization belongs to another account; it was not used.",
        "Sign the account in again.",
    ),
    "KEYS_MISSING": (
        Action.STOP,
        "This account has no authorization here; its chats are kept.",
        "Sign the account in.",
    ),
    "ACTIVE_USER_REQUIRED": (
        Action.STOP,
        "Telegram wants this account to be used in an official app first; its chats are kept.",
        "Open the account in an official Telegram app, then sign it in again.",
    ),
    "FROZEN_METHOD_INVALID": (
        Action.FAIL,
        "Telegram has frozen this account: it can read, but not write.",
        "Open the account in an official Telegram app and appeal there.",
    ),
    "FRESH_RESET_AUTHORISATION_FORBIDDEN": (
        Action.FAIL,
        "A session younger than a day may not end other sessions; nothing was changed.",
        "Try again 24 hours after the sign-in.",
    ),
}

_MESSAGES: dict[str, Row] = {
    "MESSAGE_EMPTY": (Action.FAIL, "The message has no text; it was not sent.", "Write something and send it again."),
    "MESSAGE_TOO_LONG": (
        Action.FAIL,
        "The message is longer than Telegram allows (4,096 characters); it was not sent.",
        "Split it and send it again.",
    ),
    "ENTITY_BOUNDS_INVALID": (
        Action.FAIL,
        "The message's formatting does not fit its text; it was not sent.",
        "Send it again without formatting.",
    ),
    "ENTITIES_TOO_LONG": (
        Action.FAIL,
        "The message has too much formatting; it was not sent.",
        "Send it again with less formatting.",
    ),
    "MESSAGE_NOT_MODIFIED": (Action.SUCCESS, "The message has this text already.", "Nothing to do."),
    "MESSAGE_ID_INVALID": (
        Action.FAIL,
        "This message no longer exists at Telegram; nothing was changed.",
        "Reload the chat.",
    ),
    "MSG_ID_INVALID": (
        Action.FAIL,
        "This message no longer exists at Telegram; nothing was changed.",
        "Reload the chat.",
    ),
    "MESSAGE_EDIT_TIME_EXPIRED": (
        Action.FAIL,
        "Telegram no longer lets this message be edited; it stays as it is.",
        "Send a new message instead.",
    ),
    "MESSAGE_AUTHOR_REQUIRED": (
        Action.FAIL,
        "Only its author can edit this message; it stays as it is.",
        "Send a new message instead.",
    ),
    "MESSAGE_DELETE_FORBIDDEN": (
        Action.FAIL,
        "This account may not delete this message; it stays.",
        "Ask an administrator of the chat.",
    ),
    "MSG_WAIT_FAILED": (
        Action.RETRY,
        "A request that this one waited for failed; the message is kept.",
        "Nothing to do: it is tried again.",
    ),
    "REPLY_MESSAGE_ID_INVALID": (
        Action.FAIL,
        "The message that was answered no longer exists; the answer was not sent.",
        "Send it again without the reply.",
    ),
    "RANDOM_ID_DUPLICATE": (
        Action.CATCH_UP,
        "Telegram has this message already, or is just taking it.",
        "Nothing to do: what Telegram has is fetched.",
    ),
    "RANDOM_ID_EMPTY": (
        Action.FAIL,
        "The message had no identity of its own; it was not sent.",
        "Send it again; if it stays, report the code.",
    ),
    "PEER_ID_INVALID": (
        Action.FAIL,
        "Telegram does not let this account reach this chat; nothing was sent.",
        "Reload the chat list; the account may never have met this person.",
    ),
    "PEER_UNKNOWN": (
        Action.FAIL,
        "This account has not met this chat, so it cannot be reached; nothing was sent.",
        "Wait until the account has seen a message from there, or find the chat in an official Telegram app.",
    ),
    "USER_ID_INVALID": (
        Action.FAIL,
        "Telegram does not let this account reach this person; nothing was changed.",
        "Reload the chat list.",
    ),
    "CHAT_ID_INVALID": (Action.FAIL, "This group does not exist for this account.", "Reload the chat list."),
    "CHANNEL_INVALID": (Action.FAIL, "This channel does not exist for this account.", "Reload the chat list."),
    "CHANNEL_PRIVATE": (
        Action.FAIL,
        "The account was removed from this channel or group; what is stored is kept.",
        "Ask an administrator of the channel to add the account again.",
    ),
    "CHAT_FORBIDDEN": (
        Action.FAIL,
        "The account was removed from this group; what is stored is kept.",
        "Ask an administrator of the group to add the account again.",
    ),
    "CHAT_WRITE_FORBIDDEN": (
        Action.FAIL,
        "This account may not write here; the message is kept.",
        "Ask an administrator of the chat for the right to write.",
    ),
    "CHAT_SEND_PLAIN_FORBIDDEN": (
        Action.FAIL,
        "Text messages are not allowed in this chat; the message is kept.",
        "Ask an administrator of the chat.",
    ),
    "CHAT_GUEST_SEND_FORBIDDEN": (
        Action.FAIL,
        "Only members may write here; the message is kept.",
        "Join the group with this account first.",
    ),
    "CHAT_RESTRICTED": (
        Action.FAIL,
        "Telegram restricts this chat; the message is kept.",
        "Try again later.",
    ),
    "CHAT_ADMIN_REQUIRED": (
        Action.FAIL,
        "Only administrators of the chat may do that; nothing was changed.",
        "Ask an administrator of the chat.",
    ),
    "USER_BANNED_IN_CHANNEL": (
        Action.FAIL,
        "Telegram limits this account: it may not write in public groups for now; the message is kept.",
        "Ask @SpamBot in an official Telegram app with this account.",
    ),
    "USER_IS_BLOCKED": (
        Action.FAIL,
        "This person has blocked the account; the message is kept.",
        "Reach the person in another way.",
    ),
    "YOU_BLOCKED_USER": (
        Action.FAIL,
        "This account has blocked the person; the message is kept.",
        "Unblock the person in an official Telegram app, then retry.",
    ),
    "INPUT_USER_DEACTIVATED": (
        Action.FAIL,
        "This person's account was deleted; the message is kept.",
        "Reach the person in another way.",
    ),
    "USER_PRIVACY_RESTRICTED": (
        Action.FAIL,
        "This person's privacy settings do not allow that; nothing was changed.",
        "Ask the person to write first.",
    ),
    "PRIVACY_PREMIUM_REQUIRED": (
        Action.FAIL,
        "This person takes messages of strangers only from Premium accounts; the message is kept.",
        "Ask the person to write first.",
    ),
    "USER_RESTRICTED": (
        Action.FAIL,
        "Telegram limits this account after complaints: it may not do that for now.",
        "Ask @SpamBot in an official Telegram app with this account.",
    ),
    "PEER_FLOOD": (
        Action.FAIL,
        "Telegram limits this account: it may not write to strangers for now; the message is kept.",
        "Ask @SpamBot in an official Telegram app with this account, and do not retry often.",
    ),
    "SLOWMODE_WAIT": (
        Action.WAIT,
        "Slow mode is on in this chat; the message is kept and goes out when the time is over.",
        "Nothing to do.",
    ),
    "SLOWMODE_MULTI_MSGS_DISABLED": (
        Action.FAIL,
        "Slow mode allows one message at a time here; the message is kept.",
        "Send the messages one by one.",
    ),
    "FLOOD_WAIT": (
        Action.WAIT,
        "Telegram asks this account to slow down; what was to be done is kept and goes on when the time is over.",
        "Nothing to do; fewer actions in a short time avoid it.",
    ),
    "TOPIC_DELETED": (Action.FAIL, "This topic was deleted; the message is kept.", "Write in another topic."),
    "PINNED_DIALOGS_TOO_MUCH": (Action.FAIL, "Telegram allows no more pinned chats.", "Unpin another chat first."),
    "INPUT_METHOD_INVALID": (
        Action.FAIL,
        "Telegram does not know this request; nothing was changed.",
        "Update this installation; if it stays, report the code.",
    ),
}

_UPDATES: dict[str, Row] = {
    "PERSISTENT_TIMESTAMP_EMPTY": (
        Action.CATCH_UP,
        "The account's place in Telegram's updates was not known.",
        "Nothing to do: it is read again.",
    ),
    "PERSISTENT_TIMESTAMP_INVALID": (
        Action.CATCH_UP,
        "Telegram does not know the place up to which updates were stored.",
        "Nothing to do: the newest state is fetched and the gap noted.",
    ),
    "PERSISTENT_TIMESTAMP_OUTDATED": (
        Action.RETRY,
        "Telegram's servers are just catching up among themselves.",
        "Nothing to do: it is tried again.",
    ),
    "HISTORY_GET_FAILED": (
        Action.RETRY,
        "Telegram could not read this history just now.",
        "Nothing to do: it is tried again.",
    ),
}

_OURS: dict[str, Row] = {
    "CONNECTION_FAILED": (
        Action.RETRY,
        "No connection to Telegram could be made; everything is kept.",
        "Nothing to do: it is tried again. If it lasts, check this server's network.",
    ),
    "CONNECTION_LOST": (
        Action.RETRY,
        "The connection to Telegram was lost; everything is kept.",
        "Nothing to do: it is made again, and what was missed is fetched.",
    ),
    "CONNECTION_REFUSED_BY_LEASE": (
        Action.RETRY,
        "This gateway may no longer connect the account: another one may hold it.",
        "Nothing to do.",
    ),
    "PROXY_UNREACHABLE": (
        Action.RETRY,
        "The account's proxy does not answer; nothing goes around it, and everything is kept.",
        "See to the proxy, or give the account another one. It is tried again by itself.",
    ),
    "PROXY_REFUSED": (
        Action.RETRY,
        "The account's proxy answers, but does not let us in; nothing goes around it, and everything is kept.",
        "Check the proxy's user name and password, and that it speaks SOCKS5.",
    ),
    "PROXY_NO_WAY": (
        Action.RETRY,
        "The account's proxy works, but does not get through to Telegram; nothing goes around it.",
        "Nothing to do if Telegram is down; else ask the proxy's owner, or give the account another one.",
    ),
    "PROXY_SILENT": (
        Action.RETRY,
        "The account's proxy takes connections, but nothing comes back through it; nothing goes around it.",
        "Check the proxy's secret; if it is right, the proxy does not get through to Telegram.",
    ),
    "TRANSPORT_FLOOD": (
        Action.RETRY,
        "Telegram refuses more connections from this server for now.",
        "Nothing to do: it is tried again, more slowly.",
    ),
    "TIMEOUT": (
        Action.RETRY,
        "Telegram did not answer in time; what was to be done is kept.",
        "Nothing to do: it is tried again, and never done twice.",
    ),
    "SOCKET_DEAD": (
        Action.RETRY,
        "Telegram answered nothing any more over this connection; everything is kept.",
        "Nothing to do: it is made again, and what was missed is fetched.",
    ),
    "UPDATES_STUCK": (
        Action.RETRY,
        "Updates that had been missed could not be fetched for too long; everything is kept.",
        "Nothing to do: the connection is made again. If it stays, report the code.",
    ),
    "HANDLER_STUCK": (
        Action.RETRY,
        "What was to be done at Telegram came to no end; it is kept.",
        "Nothing to do: it is tried again, and never done twice. If it stays, report the code.",
    ),
    "CLOCK_JUMPED": (
        Action.RETRY,
        "This server's clock was set; the connection to Telegram is made anew.",
        "Nothing to do. Keep the server's clock with NTP.",
    ),
    "UPDATES_FAILED": (
        Action.RETRY,
        "The account's updates could not be processed; what had been stored is kept.",
        "Nothing to do: the connection is made again. If it stays, report the code.",
    ),
    "UNREADABLE_ANSWER": (
        Action.FAIL,
        "Telegram answered with something that this version does not know.",
        "Update this installation.",
    ),
    "BAD_MESSAGE": (
        Action.RETRY,
        "Telegram did not take a packet of this connection.",
        "Nothing to do: it is tried again.",
    ),
    "REQUEST_NOT_SENT": (
        Action.FAIL,
        "This could not be put into a request; nothing was sent.",
        "Check what was entered; if it stays, report the code.",
    ),
    "CANCELLED_BY_STAFF": (Action.FAIL, "A member of staff cancelled this.", "Nothing to do."),
    "DISABLED_BY_STAFF": (Action.FAIL, "A manager disabled this account; it stays signed in.", "Enable the account."),
    "LOGGED_OUT_BY_STAFF": (
        Action.STOP,
        "A manager logged this account out; its chats are kept.",
        "Sign the account in again.",
    ),
    "NOT_SIGNED_IN": (Action.STOP, "This account is not signed in; its chats are kept.", "Sign the account in."),
    "REPLACED": (Action.STOP, "A newer sign-in took this authorization's place.", "Nothing to do."),
    "SIGN_IN_ABANDONED": (
        Action.FAIL,
        "Nobody went on with this sign-in for a day; it was ended at Telegram too.",
        "Start a new sign-in.",
    ),
    "SIGN_IN_OVER": (Action.FAIL, "The sign-in of this account came to nothing.", "Start a new sign-in."),
}

TABLE: dict[str, Row] = _SIGN_IN | _SESSION | _MESSAGES | _UPDATES | _OURS
