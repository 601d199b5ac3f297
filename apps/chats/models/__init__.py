"""Models of the chats app, split by subject."""

from apps.chats.models.chat import Chat, Peer
from apps.chats.models.event import Event, Gap, Installation
from apps.chats.models.message import Message

__all__ = ["Chat", "Event", "Gap", "Installation", "Message", "Peer"]
