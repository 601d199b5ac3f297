"""What Telegram's own account sends, however it comes, is known as such after it was converted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from telethon import types as T  # noqa: N812

from tgadmin.core.official import SERVICE, is_from_telegram
from tgadmin.core.types import NewMessage, Notice
from tgadmin.telegram.convert import changes

pytestmark = pytest.mark.pure

ME, NOW, CODE = 10, datetime(2026, 1, 1, tzinfo=UTC), "73915"
TELEGRAM = T.PeerUser(SERVICE)


def whole(peer: Any, **facts: Any) -> Any:
    return T.UpdateNewMessage(T.Message(1, peer, date=NOW, message=f"Login code: {CODE}", **facts), 1, 1)


@pytest.mark.parametrize(
    "update",
    [
        whole(TELEGRAM),
        whole(TELEGRAM, from_id=TELEGRAM),
        T.UpdateShortMessage(1, SERVICE, f"Login code: {CODE}", 1, 1, NOW),
        whole(T.PeerUser(ME), fwd_from=T.MessageFwdHeader(NOW, from_id=TELEGRAM)),
        whole(T.PeerChat(5), from_id=T.PeerUser(11), fwd_from=T.MessageFwdHeader(NOW, from_id=TELEGRAM)),
        whole(T.PeerUser(ME), fwd_from=T.MessageFwdHeader(NOW, from_name="x", saved_from_peer=TELEGRAM)),
        whole(T.PeerUser(11), fwd_from=T.MessageFwdHeader(NOW, from_name="x", saved_from_id=TELEGRAM)),
        T.UpdateShortMessage(1, 11, "x", 1, 1, NOW, fwd_from=T.MessageFwdHeader(NOW, from_id=TELEGRAM)),
    ],
)
def test_each_way_in(update: Any) -> None:
    (change,) = changes(update, ME)
    assert isinstance(change, NewMessage)
    assert is_from_telegram(change.message)


def test_what_others_write_is_not() -> None:
    (change,) = changes(whole(T.PeerUser(11), fwd_from=T.MessageFwdHeader(NOW, from_id=T.PeerUser(12))), ME)
    assert isinstance(change, NewMessage)
    assert not is_from_telegram(change.message)


@pytest.mark.parametrize("date", [None, NOW])
def test_what_telegram_tells_outside_of_any_chat_is_a_notice(date: datetime | None) -> None:
    """updateServiceNotification: shown, and kept as Telegram's own account's (stored with codes masked)."""
    spans = [T.MessageEntityBold(0, 5)]
    notice = T.UpdateServiceNotification("X", f"Login code: {CODE}", T.MessageMediaEmpty(), spans, inbox_date=date)
    (change,) = changes(notice, ME)
    assert isinstance(change, Notice)
    assert (change.text, change.date, change.media) == (f"Login code: {CODE}", date, None)
    assert [(one.kind, one.offset, one.length) for one in change.entities] == [("bold", 0, 5)]
    assert changes(notice, ME) == [change]
    assert change.key == change.key > 0
