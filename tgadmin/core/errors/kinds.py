"""What sorts of failure there are, what is done about them, and which sort each of Telegram's error names is."""

from __future__ import annotations

from enum import StrEnum

from tgadmin.core.errors.caller_codes import CALLER
from tgadmin.core.errors.codes import TelegramErrorCode


class Kind(StrEnum):
    """What sort of failure a code is; the numbers are Telegram's."""

    MIGRATE = "migrate"  # 303: ask another data centre
    CALLER = "caller"  # 400: the request is wrong, repeating it changes nothing
    SESSION = "session"  # 401: the authorization
    RIGHTS = "rights"  # 403: this account may not
    REFUSED = "refused"  # 406: refused, and no notice of it is to be shown by itself
    WAIT = "wait"  # 420: not before so many seconds
    RETRY = "retry"  # 500, -503: Telegram's own trouble
    NETWORK = "network"  # no answer at all


class Action(StrEnum):
    """What the program does about a code."""

    FAIL = "fail"  # give up this one thing and say why
    WAIT = "wait"  # do it again after the seconds that Telegram named
    RETRY = "retry"  # do it again later, with backoff
    STOP = "stop"  # the authorization is of no use any more: end the session's connection, keep its chats
    ASK_PASSWORD = "ask_password"  # noqa: S105 - the sign-in's next step is the cloud password
    RESTART_SIGN_IN = "restart_sign_in"  # the sign-in begins again from the phone number
    CATCH_UP = "catch_up"  # fetch what was missed, then look again
    SUCCESS = "success"  # what was asked for is so already
    MIGRATE = "migrate"  # do it again at the data centre that Telegram named


class SuggestedAction(StrEnum):
    """What staff can press about a code: the label of a button, "" for none. What is done by itself has none."""

    NONE = ""
    SIGN_IN_AGAIN = "Sign in again"
    ENABLE = "Enable"
    PROXY = "Proxy"
    SEND_CODE = "Send code"
    NEW_CODE = "Send a new code"
    RESEND = "Resend"
    CHANGE_NUMBER = "Change number"
    CHECK_CODE = "Check code"
    SIGN_IN = "Sign in"
    RETRY_MESSAGE = "Retry"


# Kinds of all names, as Telegram's list has them (a test walks Telethon's copy of it); ours are among them.
# Two differ on purpose: AUTH_KEY_DUPLICATED (406) and AUTH_KEY_NOT_FOUND (transport 404) end the authorization.
NAMES: dict[Kind, str] = {
    Kind.CALLER: CALLER
    + (
        "DISABLED DISABLED_BY_STAFF DROPPED INTERNAL_ERROR INVALID PASSWORD_UNSUPPORTED PEER_UNKNOWN "
        "REPLY_MESSAGE_ID_INVALID REQUEST_NOT_SENT RESEND_TOO_EARLY SIGN_IN_ABANDONED SIGN_IN_BUSY SIGN_IN_OVER "
        "BALANCE_TOO_LOW QUOTE_TEXT_INVALID REPLY_TO_INVALID REPLY_TO_USER_INVALID TOPIC_CLOSED "
        "SIGN_IN_STEP UNREADABLE_ANSWER USER_ALREADY_AUTHORIZED IMPORT_OTHER_NETWORK IMPORT_UNREADABLE KEY_IN_USE "
        "ACCOUNT_KNOWN TOO_MANY_SIGN_INS TOO_MANY_WAITING "
        "ALREADY_DECIDED CID_TAKEN CONFIGURATION_INVALID EMPTY EXPORT_NO_ADDRESS FACTOR_MISSING FACTOR_NOT_BEGUN "
        "FACTOR_REQUIRED GONE HISTORY_WAITS LAST_ADMINISTRATOR NAME_MISSING NOT_FAILED NOT_FOUND NOT_OURS NOT_SENT "
        "NOT_TEXT NO_CODE OWN_USER PARAMETER_INVALID PROXY_INVALID REASON_MISSING SENT SESSION_BANNED "
        "SESSION_DISABLED SESSION_NEEDS_SIGN_IN STILL_SIGNED_IN TELEGRAM_CHAT TOO_LONG TOO_MANY_TRIES "
        "TOO_MUCH_FORMATTING UNDER_WAY USER_DISABLED"
    ),
    Kind.MIGRATE: "FILE_MIGRATE NETWORK_MIGRATE PHONE_MIGRATE STATS_MIGRATE USER_MIGRATE",
    Kind.SESSION: (
        "ACTIVE_USER_REQUIRED AUTH_KEY_INVALID AUTH_KEY_PERM_EMPTY AUTH_KEY_UNREGISTERED SESSION_EXPIRED "
        "SESSION_PASSWORD_NEEDED SESSION_REVOKED USER_DEACTIVATED USER_DEACTIVATED_BAN "
        "AUTH_KEY_DUPLICATED AUTH_KEY_NOT_FOUND ACCOUNT_MISMATCH KEYS_MISSING "
        "LOGGED_OUT_BY_STAFF NOT_SIGNED_IN REPLACED"
    ),
    Kind.RIGHTS: (
        "ALLOW_PAYMENT_REQUIRED BROADCAST_FORBIDDEN CHANNEL_PUBLIC_GROUP_NA CHAT_ADMIN_INVITE_REQUIRED CHAT_FORBIDDEN "
        "CHAT_GUEST_SEND_FORBIDDEN CHAT_SEND_GAME_FORBIDDEN CHAT_SEND_GIFS_FORBIDDEN CHAT_SEND_MEDIA_FORBIDDEN "
        "CHAT_SEND_PHOTOS_FORBIDDEN CHAT_SEND_PLAIN_FORBIDDEN CHAT_SEND_POLL_FORBIDDEN "
        "CHAT_SEND_STICKERS_FORBIDDEN CHAT_SEND_VIDEOS_FORBIDDEN CHAT_SEND_VOICES_FORBIDDEN CHAT_WRITE_FORBIDDEN "
        "EDIT_BOT_INVITE_FORBIDDEN GROUPCALL_ALREADY_STARTED GROUPCALL_FORBIDDEN INLINE_BOT_REQUIRED "
        "MESSAGE_AUTHOR_REQUIRED MESSAGE_DELETE_FORBIDDEN NOT_ALLOWED POLL_VOTE_REQUIRED PREMIUM_ACCOUNT_REQUIRED "
        "PRIVACY_PREMIUM_REQUIRED PUBLIC_CHANNEL_MISSING RIGHT_FORBIDDEN SENSITIVE_CHANGE_FORBIDDEN USER_DELETED "
        "USER_PRIVACY_RESTRICTED USER_RESTRICTED REFUSED_RIGHT FORBIDDEN"
    ),
    Kind.REFUSED: (
        "FILEREF_UPGRADE_NEEDED FRESH_CHANGE_PHONE_FORBIDDEN FRESH_RESET_AUTHORISATION_FORBIDDEN PHONE_PASSWORD_FLOOD "
        "PREMIUM_CURRENTLY_UNAVAILABLE PREVIOUS_CHAT_IMPORT_ACTIVE_WAIT SEND_CODE_UNAVAILABLE "
        "STICKERSET_OWNER_ANONYMOUS UPDATE_APP_TO_LOGIN USERPIC_PRIVACY_REQUIRED"
    ),
    Kind.WAIT: (
        "FLOOD_WAIT FLOOD_PREMIUM_WAIT FLOOD_TEST_PHONE_WAIT FROZEN_METHOD_INVALID SLOWMODE_WAIT TAKEOUT_INIT_DELAY "
        "2FA_CONFIRM_WAIT"
    ),
    Kind.RETRY: (
        "AUTH_RESTART CALL_OCCUPY_FAILED CDN_UPLOAD_TIMEOUT CHAT_GET_FAILED CHAT_ID_GENERATE_FAILED CHP_CALL_FAIL "
        "ENCRYPTION_OCCUPY_FAILED GROUPCALL_ADD_PARTICIPANTS_FAILED HISTORY_GET_FAILED INTERDC_CALL_ERROR "
        "INTERDC_CALL_RICH_ERROR MEMBER_NO_LOCATION MEMBER_OCCUPY_PRIMARY_LOC_FAILED MSGID_DECREASE_RETRY "
        "MT_SEND_QUEUE_TOO_LONG NEED_CHAT_INVALID NEED_MEMBER_INVALID PARTICIPANT_CALL_FAILED "
        "PERSISTENT_TIMESTAMP_OUTDATED POSTPONED_TIMEOUT PTS_CHANGE_EMPTY RANDOM_ID_DUPLICATE REG_ID_GENERATE_FAILED "
        "RPC_CALL_FAIL RPC_MCGET_FAIL SIGN_IN_FAILED STORAGE_CHECK_FAILED STORE_INVALID_SCALAR_TYPE TIMEDOUT "
        "UNKNOWN_METHOD WORKER_BUSY_TOO_LONG_RETRY"
    ),
    # -503 Timeout means what our own timeouts mean: nobody knows whether it was done.
    Kind.NETWORK: (
        "BAD_MESSAGE CANCELLED_BY_STAFF CLOCK_JUMPED CONNECTION_FAILED CONNECTION_LOST CONNECTION_REFUSED_BY_LEASE "
        "HANDLER_STUCK PROXY_FORBIDDEN PROXY_NO_WAY PROXY_REFUSED PROXY_SILENT PROXY_UNREACHABLE SOCKET_DEAD "
        "GATEWAY_STOPPED TIMEOUT TRANSPORT_FLOOD UPDATES_FAILED UPDATES_STUCK"
    ),
}

KINDS: dict[str, Kind] = {name: kind for kind, names in NAMES.items() for name in names.split()}

Row = tuple[Action, str, str]
"""(what the program does, a sentence for staff, what they can do now)."""
Rows = dict[TelegramErrorCode, Row]
