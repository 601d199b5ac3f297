"""Formatting as requests take it, and as it comes back: the same spans."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon import types as T  # noqa: N812

from tgadmin.core.formatting import SENT, tidy
from tgadmin.core.types import Entity
from tgadmin.telegram.convert import sending
from tgadmin.telegram.convert.messages import sent_message
from tgadmin.telegram.convert.text import text_and_entities

pytestmark = pytest.mark.pure

TEXT = "one two 😀 three four"
EXTRAS = {
    "text_url": st.sampled_from(["https://example.org/a", "tg://resolve?domain=x", "https://пример.рф"]),
    "pre": st.sampled_from(["", "python", "c++"]),
    "blockquote": st.sampled_from(["", "collapsed"]),
    "mention_name": st.integers(1, 2**53).map(str),
    "custom_emoji": st.integers(1, 2**63 - 1).map(str),
    "formatted_date": st.sampled_from(["1764322476:", "0:relative", "1764322476:short_time,long_date"]),
}


@st.composite
def spans(draw: st.DrawFn) -> Entity:
    kind = draw(st.sampled_from(sorted(SENT)))
    start = draw(st.integers(0, len(TEXT)))
    return Entity(kind, start, draw(st.integers(1, len(TEXT))), draw(EXTRAS.get(kind, st.just(""))))


class AnyUser(dict[int, T.InputUser]):
    def __missing__(self, user_id: int) -> T.InputUser:
        return T.InputUser(user_id, 7)


@given(st.lists(spans(), max_size=8))
def test_what_is_sent_comes_back_the_same(given_spans: list[Entity]) -> None:
    text, made = tidy(TEXT, given_spans)
    requested = sending.entities(made, AnyUser()) or []
    assert text_and_entities(text, requested) == (text, made)
    assert len(b"".join(map(bytes, requested))) > 0 or not made


def test_what_telegram_finds_by_itself_is_not_sent() -> None:
    assert sending.entities([Entity(kind, 0, 1) for kind in ("url", "hashtag", "mention", "email")], {}) is None


def test_who_is_mentioned_without_a_name() -> None:
    found = [Entity("bold", 0, 1), Entity("mention_name", 0, 1, "77")]
    assert sending.mentioned(found) == [77]
    (bold, mention) = sending.entities(found, {77: T.InputUserSelf()}) or []
    assert (type(bold), mention.user_id) == (T.MessageEntityBold, T.InputUserSelf())


def test_an_answer_in_short_says_all_of_the_formatting() -> None:
    """Telegram may take less than it was asked for: custom emoji of an account without Premium."""
    when = datetime(2026, 11, 28, tzinfo=UTC)
    request = type("Request", (), {})()
    request.message, request.entities = "🙂 hello", [T.MessageEntityCustomEmoji(0, 2, 5)]
    request.peer, request.reply_to = T.InputPeerUser(9, 1), None
    request.silent = request.noforwards = None
    request.random_id = 3
    answer = T.UpdateShortSentMessage(4, 5, 1, when, out=True)
    assert sent_message(answer, request, 1).entities == ()
    answer.entities = [T.MessageEntityItalic(3, 5)]
    assert sent_message(answer, request, 1).entities == (Entity("italic", 3, 5),)
