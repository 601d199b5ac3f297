"""Models of the chats app, split by subject."""

from apps.chats.models.chat import Chat, Peer
from apps.chats.models.event import Event, Gap, Installation, UnreadableUpdate
from apps.chats.models.live import LiveProcess, LiveSocket
from apps.chats.models.message import Message, MessageSecret

__all__ = [
    "Chat",
    "Event",
    "Gap",
    "Installation",
    "LiveProcess",
    "LiveSocket",
    "Message",
    "MessageSecret",
    "Peer",
    "UnreadableUpdate",
]
