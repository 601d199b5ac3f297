"""What the server makes of texts and entities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.tl import types

from sandbox.errors import RpcError
from sandbox.world.text import accept, units

pytestmark = pytest.mark.pure


def found(text: str) -> list[tuple[str, str]]:
    """What the server marked by itself: the kind and the text under it."""
    result, entities, _ = accept(text, None)
    raw = result.encode("utf-16-le")
    return [
        (type(each).__name__, raw[2 * each.offset : 2 * (each.offset + each.length)].decode("utf-16-le"))
        for each in entities
    ]


def test_links_mentions_and_hashtags_are_marked() -> None:
    assert found("😀 https://a.example/x?y=1. and @some_one, #tag1 but not @ab or a#b") == [
        ("MessageEntityUrl", "https://a.example/x?y=1"),
        ("MessageEntityMention", "@some_one"),
        ("MessageEntityHashtag", "#tag1"),
    ]
    assert found("#123 #тег") == [("MessageEntityHashtag", "#тег")]


@pytest.mark.parametrize(
    ("text", "kind", "covered"),
    [
        ("see example.org/a?b=c.", "Url", "example.org/a?b=c"),
        ("see EXAMPLE.COM, please", "Url", "EXAMPLE.COM"),
        ("write to anna.k+news@mail.example.org!", "Email", "anna.k+news@mail.example.org"),
        ("buy $TON now", "Cashtag", "$TON"),
        ("press /start@some_bot", "BotCommand", "/start@some_bot"),
        ("press /help", "BotCommand", "/help"),
        ("call +49 (151) 234-54063 today", "Phone", "+49 (151) 234-54063"),
    ],
)
def test_what_else_is_marked(text: str, kind: str, covered: str) -> None:
    assert found(text) == [(f"MessageEntity{kind}", covered)]


@pytest.mark.parametrize("text", ["and/or", "1/2", "v1.2", "e.g. this", "$5 or US$", "+49", "a.b", "file.txt", "//x"])
def test_what_is_left_as_it_is(text: str) -> None:
    assert found(text) == []


def test_a_style_is_no_reason_to_leave_a_link_unmarked() -> None:
    _, entities, _ = accept("see example.org", [types.MessageEntityBold(0, 15)])
    assert entities == [types.MessageEntityBold(0, 15), types.MessageEntityUrl(4, 11)]


def test_a_client_does_not_say_where_links_are() -> None:
    text = "no link here"
    assert accept(text, [types.MessageEntityUrl(0, 7), types.MessageEntityHashtag(0, 2)])[1] == []


def test_a_caption_may_be_empty_and_is_shorter() -> None:
    assert accept(" ", None, caption=True)[0] == ""
    assert accept("x" * 1024, None, caption=True)[0] == "x" * 1024
    with pytest.raises(RpcError, match="MEDIA_CAPTION_TOO_LONG"):
        accept("x" * 1025, None, caption=True)


@given(st.text(max_size=60))
def test_what_is_found_lies_in_the_text(text: str) -> None:
    try:
        result, entities, _ = accept(text, None)
    except RpcError:
        return
    ends = [0]
    for each in entities:
        assert each.offset >= ends[-1]
        ends.append(each.offset + each.length)
    assert ends[-1] <= units(result)


def test_what_the_sender_marked_is_not_marked_again() -> None:
    text = "see https://a.example"
    _, entities, changed = accept(text, [types.MessageEntityCode(0, units(text))])
    assert ([type(each) for each in entities], changed) == ([types.MessageEntityCode], False)


@pytest.mark.parametrize(
    ("text", "expected", "changed"),
    [
        ("plain", "plain", False),
        (" a ", "a", True),
        ("a\x00b", "a b", True),
        ("a\r\nb", "a\nb", True),
        ("a\tb", "a\tb", False),
    ],
)
def test_cleaning(text: str, expected: str, changed: bool) -> None:
    assert accept(text, None)[::2] == (expected, changed)


@pytest.mark.parametrize(
    ("text", "entities", "error"),
    [
        ("", None, "MESSAGE_EMPTY"),
        ("x" * 4097, None, "MESSAGE_TOO_LONG"),
        ("x" * 1_000_000, None, "MESSAGE_TOO_LONG"),
        ("abc", [types.MessageEntityBold(-1, 2)], "ENTITY_BOUNDS_INVALID"),
        ("abc", [types.MessageEntityBold(0, 0)], "ENTITY_BOUNDS_INVALID"),
        ("abc", [types.MessageEntityBold(2, 2)], "ENTITY_BOUNDS_INVALID"),
        ("a" * 101, [types.MessageEntityBold(each, 1) for each in range(101)], "ENTITIES_TOO_LONG"),
        ("😀" * 2049, None, "MESSAGE_TOO_LONG"),
    ],
)
def test_what_is_refused(text: str, entities: list[types.TypeMessageEntity] | None, error: str) -> None:
    with pytest.raises(RpcError, match=error):
        accept(text, entities)


@given(st.text(st.sampled_from("ab \n\r\x00😀é"), min_size=1, max_size=30), st.data())
def test_an_entity_stays_on_its_characters(text: str, data: st.DataObject) -> None:
    """Whatever is cut, what the entity covers afterwards is what it covered before, cleaned."""
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    entity = types.MessageEntityBold(units(text[:start]), units(text[start:end]))
    try:
        result, entities, _ = accept(text, [entity])
    except RpcError:
        assert not text.replace("\x00", " ").strip()
        return
    covered = text[start:end].replace("\x00", " ").replace("\r", "")
    raw = result.encode("utf-16-le")
    kept = [raw[2 * each.offset : 2 * (each.offset + each.length)].decode("utf-16-le") for each in entities]
    assert "".join(kept).strip() == covered.strip()
