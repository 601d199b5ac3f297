"""Telegram's objects as core types. Here Telethon's types stop."""

from tgadmin.telegram.convert.batch import converted, incoming, page
from tgadmin.telegram.convert.messages import dialog, message, messages, unreadable
from tgadmin.telegram.convert.peers import peer_of_chat, peer_of_user, peers
from tgadmin.telegram.convert.text import clean
from tgadmin.telegram.convert.updates import changes

__all__ = [
    "changes",
    "clean",
    "converted",
    "dialog",
    "incoming",
    "message",
    "messages",
    "page",
    "peer_of_chat",
    "peer_of_user",
    "peers",
    "unreadable",
]
