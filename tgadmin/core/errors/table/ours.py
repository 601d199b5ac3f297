"""What is done and said about codes of our own: the connection, and what staff decided."""

from __future__ import annotations

from tgadmin.core.errors.codes import TelegramErrorCode as Code
from tgadmin.core.errors.kinds import Action, Rows

ROWS: Rows = {
    Code.CONNECTION_FAILED: (
        Action.RETRY,
        "No connection to Telegram could be made; everything is kept.",
        "Nothing to do: it is tried again. If it lasts, check this server's network.",
    ),
    Code.CONNECTION_LOST: (
        Action.RETRY,
        "The connection to Telegram was lost; everything is kept.",
        "Nothing to do: it is made again, and what was missed is fetched.",
    ),
    Code.CONNECTION_REFUSED_BY_LEASE: (
        Action.RETRY,
        "This gateway may no longer connect the account: another one may hold it.",
        "Nothing to do.",
    ),
    Code.PROXY_UNREACHABLE: (
        Action.RETRY,
        "The account's proxy does not answer; nothing goes around it, and everything is kept.",
        "See to the proxy, or give the account another one. It is tried again by itself.",
    ),
    Code.PROXY_FORBIDDEN: (
        Action.RETRY,
        "The account's proxy lies where proxies are not allowed; nothing was sent there, and nothing goes around it.",
        "Give the account another proxy. Private addresses are allowed by PROXY_PRIVATE_ADDRESSES.",
    ),
    Code.PROXY_REFUSED: (
        Action.RETRY,
        "The account's proxy answers, but does not let us in; nothing goes around it, and everything is kept.",
        "Check the proxy's user name and password, and that it speaks SOCKS5.",
    ),
    Code.PROXY_NO_WAY: (
        Action.RETRY,
        "The account's proxy works, but does not get through to Telegram; nothing goes around it.",
        "Nothing to do if Telegram is down; else ask the proxy's owner, or give the account another one.",
    ),
    Code.PROXY_SILENT: (
        Action.RETRY,
        "The account's proxy takes connections, but nothing comes back through it; nothing goes around it.",
        "Check the proxy's secret; if it is right, the proxy does not get through to Telegram.",
    ),
    Code.TRANSPORT_FLOOD: (
        Action.RETRY,
        "Telegram refuses more connections from this server for now.",
        "Nothing to do: it is tried again, more slowly.",
    ),
    Code.TIMEOUT: (
        Action.RETRY,
        "Telegram did not answer in time; what was to be done is kept.",
        "Nothing to do: it is tried again, and never done twice.",
    ),
    Code.SOCKET_DEAD: (
        Action.RETRY,
        "Telegram answered nothing any more over this connection; everything is kept.",
        "Nothing to do: it is made again, and what was missed is fetched.",
    ),
    Code.UPDATES_STUCK: (
        Action.RETRY,
        "Updates that had been missed could not be fetched for too long; everything is kept.",
        "Nothing to do: the connection is made again. If it stays, report the code.",
    ),
    Code.HANDLER_STUCK: (
        Action.RETRY,
        "What was to be done at Telegram came to no end; it is kept.",
        "Nothing to do: it is tried again, and never done twice. If it stays, report the code.",
    ),
    Code.CLOCK_JUMPED: (
        Action.RETRY,
        "This server's clock was set; the connection to Telegram is made again.",
        "Nothing to do. Keep the server's clock with NTP.",
    ),
    Code.UPDATES_FAILED: (
        Action.RETRY,
        "The account's updates could not be processed; what had been stored is kept.",
        "Nothing to do: the connection is made again. If it stays, report the code.",
    ),
    Code.UNREADABLE_ANSWER: (
        Action.FAIL,
        "Telegram answered with something that this version does not know.",
        "Update this installation.",
    ),
    Code.BAD_MESSAGE: (
        Action.RETRY,
        "Telegram did not take a packet of this connection.",
        "Nothing to do: it is tried again.",
    ),
    Code.REQUEST_NOT_SENT: (
        Action.FAIL,
        "This could not be put into a request; nothing was sent.",
        "Check what was entered; if it stays, report the code.",
    ),
    Code.ACCOUNT_KNOWN: (
        Action.FAIL,
        "This account is known here already, and you are not one of its managers: it was not changed. A sign-in that "
        "was made for this is logged out again at Telegram.",
        "Its managers were told and can give you a role in it.",
    ),
    Code.TOO_MANY_SIGN_INS: (
        Action.FAIL,
        "There are too many sign-ins; nothing was asked of Telegram.",
        "End those that are open, or wait until tomorrow.",
    ),
    Code.TOO_MANY_WAITING: (
        Action.FAIL,
        "Too much waits for the gateway already; this was not added to it.",
        "Try again once some of it is done.",
    ),
    Code.CANCELLED_BY_STAFF: (Action.FAIL, "A member of staff cancelled this.", "Nothing to do."),
    Code.DISABLED_BY_STAFF: (
        Action.FAIL,
        "A manager disabled this account; it stays signed in.",
        "Enable the account.",
    ),
    Code.LOGGED_OUT_BY_STAFF: (
        Action.STOP,
        "A manager logged this account out; its chats are kept.",
        "Sign the account in again.",
    ),
    Code.NOT_SIGNED_IN: (Action.STOP, "This account is not signed in; its chats are kept.", "Sign the account in."),
    Code.REPLACED: (Action.STOP, "A newer sign-in took this authorization's place.", "Nothing to do."),
    Code.SIGN_IN_ABANDONED: (
        Action.FAIL,
        "Nobody went on with this sign-in for a day; it was ended at Telegram too.",
        "Start a new sign-in.",
    ),
    Code.SIGN_IN_OVER: (Action.FAIL, "The sign-in of this account came to nothing.", "Start a new sign-in."),
    Code.DROPPED: (
        Action.FAIL,
        "It was too late for this: it is worth nothing any more.",
        "Nothing to do.",
    ),
    Code.INTERNAL_ERROR: (
        Action.RETRY,
        "Something went wrong inside tgadmin; what was to be done is kept.",
        "Nothing to do: it is started again. If it stays, report the code.",
    ),
    Code.GATEWAY_STOPPED: (
        Action.RETRY,
        "The gateway that held this account was stopped; everything is kept.",
        "Nothing to do: another gateway takes it over.",
    ),
}
