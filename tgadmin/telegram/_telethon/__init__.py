"""Everything of Telethon 1.45.0 that is not its public interface, in one place; tests/telegram pins what is used here.

`Wire` is one encrypted connection, `Box` the bookkeeping of pts, `GuardedConnection` the TCP side that a deadline can
close. Telethon's own client is not used: it moves its state before updates are stored, hides results of our requests
from handlers, sleeps and retries by itself, and shares its list of data centres between accounts.
"""

from tgadmin.telegram._telethon.box import (
    ACCOUNT,
    Box,
    Entry,
    RawUpdates,
    Recovered,
    Removed,
    TooLong,
    entry_of,
)
from tgadmin.telegram._telethon.connection import Guarded, GuardedConnection, QuietLogs, add_rsa_key
from tgadmin.telegram._telethon.proxied import (
    MTProxyConnection,
    SocksConnection,
    connection_to,
    limit_proxies,
    without_padding,
)
from tgadmin.telegram._telethon.queue import CATCH_UP, UnreadablePacket, UpdatesQueue
from tgadmin.telegram._telethon.results import UNREAD_NOT_SAID
from tgadmin.telegram._telethon.wire import LAYER, Pings, Wire

__all__ = [
    "ACCOUNT",
    "CATCH_UP",
    "LAYER",
    "UNREAD_NOT_SAID",
    "Box",
    "Entry",
    "Guarded",
    "GuardedConnection",
    "MTProxyConnection",
    "Pings",
    "QuietLogs",
    "RawUpdates",
    "Recovered",
    "Removed",
    "SocksConnection",
    "TooLong",
    "UnreadablePacket",
    "UpdatesQueue",
    "Wire",
    "add_rsa_key",
    "connection_to",
    "entry_of",
    "limit_proxies",
    "without_padding",
]
