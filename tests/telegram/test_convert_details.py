"""What a message bears besides its text and media is kept: quotes, answers elsewhere, topics, buttons, albums …"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from telethon import types as T  # noqa: N812

from tgadmin.telegram.convert import message
from tgadmin.telegram.convert.updates import changes

pytestmark = pytest.mark.pure

ME, ANNA, NOW = 5, 7, datetime(2026, 11, 22, tzinfo=UTC)
Header = T.MessageReplyHeader


def details(**facts: Any) -> Any:
    found = message(T.Message(id=3, peer_id=T.PeerUser(ANNA), date=NOW, message="hello", **facts), ME)
    assert found is not None
    json.dumps(found.details, allow_nan=False)
    return found.details


def inline(*rows: list[Any]) -> Any:
    return T.ReplyInlineMarkup([T.KeyboardInlineButtonRow(row) for row in rows])


PAY = T.KeyboardInlineButton(text="Pay", type=T.InlineButtonTypeUrl(url="https://pay.example.org/1"))
YES = T.KeyboardButton("Yes", T.ButtonTypeDefault())
ASK = T.KeyboardInlineButton(text="Ask", type=T.InlineButtonTypeCallback(data=b"secret"))


def test_most_messages_bear_nothing() -> None:
    assert details() is None
    assert details(reply_to=Header(reply_to_msg_id=2)) is None
    assert details(reply_to=Header(reply_to_msg_id=2, reply_to_peer_id=T.PeerUser(ANNA))) is None


@pytest.mark.parametrize(
    ("facts", "kept"),
    [
        ({"reply_to": Header(reply_to_msg_id=2, quote=True, quote_text="half", quote_offset=4)},
         {"quote": "half", "quote_offset": 4}),
        ({"reply_to": Header(reply_to_msg_id=2, reply_to_peer_id=T.PeerChannel(77), quote_text="words",
                             reply_from=T.MessageFwdHeader(date=NOW, from_name="A Channel"))},
         {"quote": "words", "reply_peer_id": -1_000_000_000_077, "reply_message_id": 2,
          "reply_from_name": "A Channel"}),
        ({"reply_to": Header(reply_from=T.MessageFwdHeader(date=NOW, from_id=T.PeerUser(8)),
                             reply_media=T.MessageMediaPhoto())},
         {"reply_from_id": 8, "reply_media": "photo"}),
        ({"reply_to": T.MessageReplyStoryHeader(T.PeerUser(8), 4)}, {"story_peer_id": 8, "story_id": 4}),
        ({"reply_to": Header(forum_topic=True, reply_to_msg_id=4711)}, {"topic_id": 4711}),
        ({"reply_to": Header(forum_topic=True, reply_to_msg_id=5000, reply_to_top_id=4711)}, {"topic_id": 4711}),
        ({"via_bot_id": 42}, {"via_bot_id": 42}),
        ({"grouped_id": 2**62}, {"album_id": str(2**62)}),
        ({"noforwards": True}, {"no_forwards": True}),
        ({"ttl_period": 60}, {"ttl_period": 60}),
        ({"reply_markup": inline([PAY, ASK], [])},
         {"buttons": [[{"text": "Pay", "kind": "url", "url": "https://pay.example.org/1"},
                       {"text": "Ask", "kind": "callback"}]]}),
        ({"reply_markup": T.ReplyKeyboardMarkup([T.KeyboardButtonRow([YES])])},
         {"keyboard": [["Yes"]]}),
        ({"reply_markup": T.ReplyKeyboardHide()}, None),
    ],
)  # fmt: skip
def test_it_is_kept(facts: Any, kept: Any) -> None:
    assert details(**facts) == kept


def test_short_messages_bear_theirs_too() -> None:
    header = Header(reply_to_msg_id=2, quote=True, quote_text="half")
    short = T.UpdateShortMessage(1, ANNA, "hello", 1, 1, NOW, reply_to=header, ttl_period=9)
    (change,) = changes(short, ME)
    assert change.message.details == {"quote": "half", "ttl_period": 9}
    assert change.message.expires_at == datetime.fromtimestamp(NOW.timestamp() + 9, UTC)


@pytest.mark.parametrize(
    "hostile",
    [
        {"reply_markup": inline([T.KeyboardInlineButton(text="x" * 100_000, type=T.InlineButtonTypeUrl("https://e"))])},
        {"reply_markup": inline(*[[PAY] * 1000] * 1000)},
        {"reply_markup": T.ReplyInlineMarkup(None)},
        {"reply_markup": inline([None, 5, PAY])},
        {"reply_to": Header(quote_text="\ud800\0" * 10_000, quote_offset=2**31 - 1)},
        {"reply_to": Header(forum_topic=True)},
        {"reply_to": T.MessageReplyStoryHeader(None, -5)},
        {"via_bot_id": 2**70, "grouped_id": -(2**63), "ttl_period": -5},
        {"ttl_period": 2**40},
    ],
)
def test_a_shape_that_nobody_foresaw_costs_no_message(hostile: Any) -> None:
    found = details(**hostile)
    assert len(json.dumps(found)) < 500_000
