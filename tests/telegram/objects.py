"""Telegram's objects for the tests of how they are converted."""

from datetime import UTC, datetime
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core import types as core
from tgadmin.core.types import CHANNEL_MARK
from tgadmin.telegram.convert import message

ME = 5
NOW = datetime(2026, 11, 22, tzinfo=UTC)
USER, GROUP, CHANNEL = T.PeerUser(7), T.PeerChat(8), T.PeerChannel(7)
ROOM = CHANNEL_MARK - 7


def text(peer: Any = USER, **options: Any) -> T.Message:
    return T.Message(id=3, peer_id=peer, date=NOW, message=options.pop("message", "hello"), **options)


def converted(found: Any) -> core.Message:
    made = message(found, ME)
    assert made is not None
    return made
