"""Models of the chats app, split by subject."""

from apps.chats.models.chat import Chat, Peer
from apps.chats.models.event import Event, Gap, Installation, UnreadableUpdate
from apps.chats.models.live import LiveProcess, LiveSocket
from apps.chats.models.message import Message, MessageSecret
from apps.chats.models.place import LivePlace

__all__ = [
    "Chat",
    "Event",
    "Gap",
    "Installation",
    "LivePlace",
    "LiveProcess",
    "LiveSocket",
    "Message",
    "MessageSecret",
    "Peer",
    "UnreadableUpdate",
]
