"""The only Telethon code of the product: connections of accounts and of sign-ins, Telegram objects as core types."""

from tgadmin.telegram._telethon import Pings
from tgadmin.telegram.account import AccountClient
from tgadmin.telegram.hashes import Lookup
from tgadmin.telegram.inbox import Inbox, InboxFull
from tgadmin.telegram.moving import Line, move
from tgadmin.telegram.network import Key, Network
from tgadmin.telegram.probe import Timing, measure
from tgadmin.telegram.signin import CodeSent, LoginToken, LoginTokenMoved, SignInClient

__all__ = [
    "AccountClient",
    "CodeSent",
    "Inbox",
    "InboxFull",
    "Key",
    "Line",
    "LoginToken",
    "LoginTokenMoved",
    "Lookup",
    "Network",
    "Pings",
    "SignInClient",
    "Timing",
    "measure",
    "move",
]
