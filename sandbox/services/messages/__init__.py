"""messages.*: dialogs, histories, sending and changing messages, basic groups."""

from sandbox.services.messages import changing, dialogs, groups, history, sending

__all__ = ["changing", "dialogs", "groups", "history", "sending"]
