"""What the rest of the program knows of Telegram: peers, messages, changes, checkpoints; no Telethon type passes here.

Peer ids are Telegram's marked ids everywhere: user 5 is ``5``, basic group 5 is ``-5``, channel or supergroup 5 is
``-1000000000005``. Times are aware datetimes in UTC. Message ids belong to a *box*: private chats and basic groups of
one account share the account's box (``ACCOUNT_BOX``), each channel or supergroup has its own, named by its marked id.

Each field says its range (ranges.py, tgadmin/core/bounds.py): what the database's columns and the pages take, no more.
"""

from __future__ import annotations

from tgadmin.core.types.devices import Device, Devices
from tgadmin.core.types.dialogs import (
    NOT_MUTED,
    ChatState,
    Dialog,
    DialogsPosition,
    HistoryCleared,
    ReadInbox,
    ReadOutbox,
    Typing,
)
from tgadmin.core.types.media import DETAILS, FORWARD, MEDIA, SERVICE
from tgadmin.core.types.messages import (
    MAX_SPANS,
    MAX_TEXT,
    SPANS,
    DeliveryState,
    Entity,
    History,
    Message,
    MessageEdited,
    MessageIdAssigned,
    MessagesDeleted,
    NewMessage,
    Notice,
    SentShort,
)
from tgadmin.core.types.peers import (
    ACCOUNT_BOX,
    CHANNEL_MARK,
    FOR_EVER,
    Peer,
    PeerKind,
    Presence,
    Renamed,
    Renumbered,
    box_of,
    is_channel,
    may_write,
)
from tgadmin.core.types.signin import CodeRoute, CodeSent
from tgadmin.core.types.updates import KEPT_BYTES, Change, Checkpoint, Gap, GapKind, Incoming, Unreadable

__all__ = [
    "ACCOUNT_BOX",
    "CHANNEL_MARK",
    "DETAILS",
    "FORWARD",
    "FOR_EVER",
    "KEPT_BYTES",
    "MAX_SPANS",
    "MAX_TEXT",
    "MEDIA",
    "NOT_MUTED",
    "SERVICE",
    "SPANS",
    "Change",
    "ChatState",
    "Checkpoint",
    "CodeRoute",
    "CodeSent",
    "DeliveryState",
    "Device",
    "Devices",
    "Dialog",
    "DialogsPosition",
    "Entity",
    "Gap",
    "GapKind",
    "History",
    "HistoryCleared",
    "Incoming",
    "Message",
    "MessageEdited",
    "MessageIdAssigned",
    "MessagesDeleted",
    "NewMessage",
    "Notice",
    "Peer",
    "PeerKind",
    "Presence",
    "ReadInbox",
    "ReadOutbox",
    "Renamed",
    "Renumbered",
    "SentShort",
    "Typing",
    "Unreadable",
    "box_of",
    "is_channel",
    "may_write",
]
