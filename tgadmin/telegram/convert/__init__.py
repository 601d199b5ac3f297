"""Telegram's objects as core types. Here Telethon's types stop."""

from tgadmin.telegram.convert.devices import devices
from tgadmin.telegram.convert.dialogs import channel_pts, dialog, top_messages
from tgadmin.telegram.convert.entries import converted, dialogs_page, history_page, incoming, page
from tgadmin.telegram.convert.messages import message, messages, unreadable
from tgadmin.telegram.convert.peers import marked_or_none, peer_of_chat, peer_of_user, peers, unmarked
from tgadmin.telegram.convert.signin import code_sent, email_code_sent, profile
from tgadmin.telegram.convert.text import clean
from tgadmin.telegram.convert.updates import changes

__all__ = [
    "changes",
    "channel_pts",
    "clean",
    "code_sent",
    "converted",
    "devices",
    "dialog",
    "dialogs_page",
    "email_code_sent",
    "history_page",
    "incoming",
    "marked_or_none",
    "message",
    "messages",
    "page",
    "peer_of_chat",
    "peer_of_user",
    "peers",
    "profile",
    "top_messages",
    "unmarked",
    "unreadable",
]
