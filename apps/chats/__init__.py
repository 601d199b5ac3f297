"""Chats: peers, chats, messages, events, the live pages."""
