"""The only Telethon code of the product: connections of accounts and of sign-ins, Telegram objects as core types.

``client`` is what the gateway drives, ``convert`` makes core types of what Telegram sends, ``_telethon`` holds all that
uses more of Telethon than its public interface. What others need is here.
"""

from tgadmin.telegram._telethon import Pings
from tgadmin.telegram.client import (
    AccountClient,
    Connector,
    Key,
    LoginToken,
    LoginTokenMoved,
    Lookup,
    Network,
    SignInClient,
    SinkFull,
    Timing,
    UpdateSink,
    measure,
    move,
)

__all__ = [
    "AccountClient",
    "Connector",
    "Key",
    "LoginToken",
    "LoginTokenMoved",
    "Lookup",
    "Network",
    "Pings",
    "SignInClient",
    "SinkFull",
    "Timing",
    "UpdateSink",
    "measure",
    "move",
]
