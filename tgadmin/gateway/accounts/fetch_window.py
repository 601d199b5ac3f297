"""What updates said while a page was being fetched: the page may be older than they are.

Telegram answers a fetch as of one moment; an edit or a deletion after it can reach the inbox before the page does. What
the page says of those messages is then stale, and a deleted one must not come back. A dialog's unread count is then one
of which nobody knows whether the deleted ones are in it; and a mark as unread that was set meanwhile stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tgadmin.core.types import (
    Change,
    ChatState,
    Dialog,
    History,
    Incoming,
    Message,
    MessageEdited,
    MessagesDeleted,
    NewMessage,
    box_of,
)


class FetchWindow:
    """Opened before the request, closed when its page has been put."""

    def __init__(self) -> None:
        self._deleted: set[tuple[int, int]] = set()
        self._newer: dict[tuple[int, int], Message] = {}
        self._marks: dict[int, bool] = {}

    def see(self, changes: Iterable[Change]) -> None:
        """Changes that are put meanwhile."""
        for change in changes:
            if isinstance(change, MessagesDeleted):
                self._deleted.update((change.box, one) for one in change.ids)
            elif isinstance(change, MessageEdited | NewMessage):
                message = change.message
                self._newer[box_of(message.peer_id), message.id] = message
            elif isinstance(change, ChatState) and change.unread_mark is not None:
                self._marks[change.peer_id] = change.unread_mark

    def reconcile(self, incoming: Incoming) -> Incoming:
        """The page without what was deleted meanwhile, with what was edited as it is now."""
        if not (self._deleted or self._newer or self._marks):
            return incoming
        return replace(incoming, changes=tuple(map(self._change, incoming.changes)))

    def _change(self, change: Change) -> Change:
        if isinstance(change, History):
            return self._page(change)
        return self._dialog(change) if isinstance(change, Dialog) else change

    def _dialog(self, dialog: Dialog) -> Dialog:
        box = box_of(dialog.peer_id)
        return replace(
            dialog,
            unread_mark=self._marks.get(dialog.peer_id, dialog.unread_mark),
            overtaken=dialog.overtaken or any(box == deleted for deleted, _ in self._deleted),
        )

    def _page(self, page: History) -> History:
        box = box_of(page.peer_id)
        messages = tuple(
            self._newer.get((box, message.id), message)
            for message in page.messages
            if (box, message.id) not in self._deleted
        )
        return replace(page, messages=messages)
