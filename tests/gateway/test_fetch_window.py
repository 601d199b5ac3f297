"""Pages that were fetched while things changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tgadmin.core.types import ChatState, Dialog, History, Incoming, Message, MessageEdited, MessagesDeleted, NewMessage
from tgadmin.gateway.accounts.fetch_window import FetchWindow

pytestmark = pytest.mark.pure
AT = datetime(2026, 1, 1, tzinfo=UTC)
CHANNEL = -1_000_000_000_005


def message(peer_id: int, number: int, text: str) -> Message:
    return Message(peer_id, number, AT, text)


def page(peer_id: int, *texts: str) -> Incoming:
    rows = tuple(message(peer_id, number, text) for number, text in enumerate(texts, 1))
    return Incoming((Dialog(peer_id, 1, 0, 0, 0), History(peer_id, rows, 0, True)))


def texts(incoming: Incoming) -> list[str]:
    return [one.text for change in incoming.changes if isinstance(change, History) for one in change.messages]


def test_a_page_that_nothing_overtook_is_itself() -> None:
    fetched = page(5, "a", "b")
    assert FetchWindow().reconcile(fetched) is fetched


def test_what_was_deleted_or_edited_meanwhile_is_not_stale() -> None:
    window = FetchWindow()
    window.see([MessagesDeleted(0, (1,)), MessageEdited(message(5, 2, "edited")), NewMessage(message(5, 9, "new"))])
    assert texts(window.reconcile(page(5, "deleted", "old", "same"))) == ["edited", "same"]


@pytest.mark.parametrize("marked", [True, False])
def test_a_mark_that_was_set_meanwhile_stays(marked: bool) -> None:
    window = FetchWindow()
    window.see([ChatState(5, pinned=True), ChatState(5, unread_mark=not marked), ChatState(5, unread_mark=marked)])
    old = Dialog(5, 1, 0, 0, 0, unread_mark=not marked)
    (found,) = window.reconcile(Incoming((old,))).changes
    assert isinstance(found, Dialog)
    assert found.unread_mark is marked


def test_boxes_are_told_apart() -> None:
    window = FetchWindow()
    window.see([MessagesDeleted(CHANNEL, (1,)), MessageEdited(message(CHANNEL, 2, "edited"))])
    assert texts(window.reconcile(page(5, "a", "b"))) == ["a", "b"]
    assert texts(window.reconcile(page(CHANNEL, "a", "b"))) == ["edited"]
