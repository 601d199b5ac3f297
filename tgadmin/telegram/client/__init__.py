"""What the gateway drives: connections of accounts and of sign-ins, by subject."""

from tgadmin.telegram.client.access_hashes import Lookup
from tgadmin.telegram.client.account import AccountClient
from tgadmin.telegram.client.connection import Connector
from tgadmin.telegram.client.data_centres import move
from tgadmin.telegram.client.keys import Key
from tgadmin.telegram.client.login_tokens import LoginToken, LoginTokenMoved
from tgadmin.telegram.client.network import Network
from tgadmin.telegram.client.probe import Timing, measure
from tgadmin.telegram.client.signin import SignInClient
from tgadmin.telegram.client.sink import SinkFull, UpdateSink

__all__ = [
    "AccountClient",
    "Connector",
    "Key",
    "LoginToken",
    "LoginTokenMoved",
    "Lookup",
    "Network",
    "SignInClient",
    "SinkFull",
    "Timing",
    "UpdateSink",
    "measure",
    "move",
]
