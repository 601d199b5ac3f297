"""The frames of the live socket, as closed sets: one declaration for each, with its fields and what they mean.

``incoming`` declares what a page may send, and ``parsing`` reads it; ``outgoing`` declares what the server sends.
What stands in frames is in apps/chats/payloads.py. All of it is pure. docs/socket-protocol.md and
static/chats/logic/frames.js are made from the declarations by tests/chats/live/test_frame_docs.py.
"""

from apps.chats.live.frames.parsing import MAX_BYTES, InvalidError, MalformedError, parse

__all__ = ["MAX_BYTES", "InvalidError", "MalformedError", "parse"]
