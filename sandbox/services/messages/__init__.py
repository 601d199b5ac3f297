"""messages.*: dialogs, drafts, histories, sending and changing messages, pins, reactions, basic groups."""

from sandbox.services.messages import (
    changing,
    dialogs,
    drafts,
    groups,
    history,
    pins,
    reactions,
    scheduled,
    search,
    sending,
    topics,
)

__all__ = [
    "changing",
    "dialogs",
    "drafts",
    "groups",
    "history",
    "pins",
    "reactions",
    "scheduled",
    "search",
    "sending",
    "topics",
]
