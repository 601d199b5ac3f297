"""Formatted text: what is sent is sound, whatever comes in; what was not touched stays formatted."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgadmin.core import formatting
from tgadmin.core.formatting import FOUND, SENT, carried, same_formatting, tidy, utf16_length
from tgadmin.core.formatting.spans import CODE, STYLES, address
from tgadmin.core.types import Entity

pytestmark = pytest.mark.pure

TEXTS = st.text(st.sampled_from("ab \n\r\t\0😀é👩\u200d\ud83d\u200e"), max_size=24)
KINDS = st.sampled_from([*sorted(SENT), *sorted(FOUND), "unknown", ""])
EXTRAS = st.sampled_from(
    ["", "https://a.example", "javascript:alert(1)", "py", "collapsed", "77", "0", "1764322476:relative"]
)
SPANS = st.lists(st.builds(Entity, KINDS, st.integers(-3, 40), st.integers(-3, 40), EXTRAS), max_size=12)


def covered(text: str, span: Entity) -> str:
    """The characters under a span; half a pair is replaced."""
    units = text.encode("utf-16-le", "surrogatepass")
    return units[2 * span.offset : 2 * (span.offset + span.length)].decode("utf-16-le", "replace")


def shown(text: str, spans: Iterable[Entity]) -> list[tuple[str, str, str]]:
    return [(one.kind, covered(text, one), one.extra) for one in spans]


@given(TEXTS, SPANS)
def test_whatever_comes_in_what_goes_out_is_sound(text: str, spans: list[Entity]) -> None:
    result, made = tidy(text, spans)
    length = utf16_length(result)
    assert result == result.strip()
    assert [(one.offset, -one.length) for one in made] == sorted((one.offset, -one.length) for one in made)
    for one in made:
        assert one.kind in SENT
        assert 0 <= one.offset < one.offset + one.length <= length
        assert "\ufffd" not in covered(result, one), "a span never splits a character"
        assert covered(result, one).strip()
        assert "javascript" not in one.extra
    for index, one in enumerate(made):
        for other in made[index + 1 :]:
            apart = other.offset >= one.offset + one.length
            within = other.offset + other.length <= one.offset + one.length
            assert apart or within, "spans lie one in the other or apart"
            assert apart or not (one.kind in CODE or other.kind in CODE) or "blockquote" in (one.kind, other.kind)
            assert apart or one.kind != other.kind


@given(TEXTS, SPANS)
def test_twice_is_the_same_as_once(text: str, spans: list[Entity]) -> None:
    once = tidy(text, spans)
    assert tidy(*once) == once


@given(TEXTS, SPANS)
def test_sent_echoed_and_edited_without_a_change_it_is_the_same(text: str, spans: list[Entity]) -> None:
    """Telegram's echo has what it finds by itself besides, in an order of its own."""
    result, made = tidy(text, spans)
    echo = [Entity("hashtag", 0, 1), *reversed(made)]
    assert same_formatting(echo, made, utf16_length(result))
    again, edited = tidy(result, [one for one in echo if one.kind in SENT], frozenset(one.extra for one in echo))
    assert (again, edited) == (result, made)
    assert tuple(carried(result, made, result)) == made


@given(TEXTS, st.sampled_from(STYLES), st.data())
def test_a_span_stays_on_its_characters(text: str, kind: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    span = Entity(kind, utf16_length(text[:start]), utf16_length(text[start:end]))
    result, made = tidy(text, [span])
    if text[end : end + 1] != "\n" or text[end - 1 : end] != "\r":  # a line end cut in two: either is right
        assert "".join(covered(result, one) for one in made).strip() == tidy(text[start:end])[0]


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_what_an_edit_does_not_touch_keeps_its_formatting(before: str, bold: str, after: str, more: str) -> None:
    """Text is added behind and in front: the bold part is bold still."""
    marks = zip((before, bold, after, more), ("<>", "[]", "{}", "()"), strict=True)
    before, bold, after, more = (left + part.replace("\ud83d", "") + right for part, (left, right) in marks)
    span = Entity("bold", utf16_length(before), utf16_length(bold))
    old = before + bold + after
    assert shown(old + more, carried(old, [span], old + more)) == [("bold", bold, "")]
    assert shown(more + old, carried(old, [span], more + old)) == [("bold", bold, "")]
    assert shown(before + bold, carried(old, [span], before + bold)) == [("bold", bold, "")]


@given(TEXTS, SPANS, TEXTS)
def test_any_edit_leaves_spans_that_fit(old: str, spans: list[Entity], new: str) -> None:
    old, new = tidy(old)[0], tidy(new)[0]
    kept = tidy(old, spans)[1]
    length = utf16_length(new)
    for one in carried(old, kept, new):
        assert 0 <= one.offset < one.offset + one.length <= length


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Price offer, see ther", "Price offer, see there", ["Price", "offer"]),
        ("Price offer, see ther", "The price offer, see there", ["The price", "offer"]),
        ("Price offer", "Price new offer", ["Price", "offer"]),
        ("Price offer", "Prxce offer", ["Prxce", "offer"]),
        ("Price offer", "offer", ["offer"]),
        ("Price offer", "Price", ["Price"]),
        ("Price offer", "something else", ["something", "else"]),
        ("Price offer", "gone", []),
        ("Price offer", "Price 😀 offer!", ["Price", "offer"]),
    ],
)
def test_edits_of_a_text_alone(old: str, new: str, expected: list[str]) -> None:
    spans = [Entity("bold", 0, 5), Entity("text_url", 6, 5, "https://example.org/offer")]
    assert [covered(new, one) for one in carried(old, spans, new)] == expected


@pytest.mark.parametrize(
    ("old", "bold", "new", "expected"),
    [
        ("A quay", "quay", "A quiet quay", "quay"),
        ("write to #team", "write", "Please write to #team", "write"),
        ("東京の桟橋です", "桟橋", "東京の古い桟橋です", "桟橋"),
        ("東京の桟橋です", "桟橋", "大阪の桟橋です", "桟橋"),
    ],
)
def test_a_word_put_in_front_of_one_that_begins_alike(old: str, bold: str, new: str, expected: str) -> None:
    assert shown(new, carried(old, [Entity("bold", old.index(bold), len(bold))], new)) == [("bold", expected, "")]


def test_two_typos_in_a_line_leave_what_lies_between() -> None:
    old, new = "teh bold word adn more", "the bold word and more"
    assert shown(new, carried(old, [Entity("bold", 4, 4)], new)) == [("bold", "bold", "")]


def test_a_text_that_is_replaced_in_many_places_takes_little_time() -> None:
    old, new = "a b " * 1024, "b a " * 1024
    assert len(carried(old, [Entity("bold", 0, 4096)], new)) == 1


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([("bold", 0, 3), ("bold", 3, 3)], [("bold", "abcdef", "")]),
        ([("bold", 0, 4), ("italic", 2, 4)], [("bold", "abcd", ""), ("italic", "cd", ""), ("italic", "ef", "")]),
        ([("code", 2, 2), ("bold", 0, 6)], [("bold", "ab", ""), ("code", "cd", ""), ("bold", "ef", "")]),
        ([("blockquote", 0, 6), ("blockquote", 2, 2)], [("blockquote", "abcdef", "")]),
        ([("text_url", 0, 4, "example.org"), ("text_url", 2, 4, "example.org/b")], [("text_url", "abcd", "https://example.org")]),
        ([("text_url", 0, 4, "javascript:alert(1)")], []),
        ([("text_url", 0, 2, "example.org"), ("custom_emoji", 0, 2, "55")],
         [("custom_emoji", "ab", "55"), ("text_url", "ab", "https://example.org")]),
        ([("mention_name", 0, 2, "x")], []),
        ([("pre", 0, 6, "py"), ("bold", 0, 2)], [("pre", "abcdef", "py")]),
        ([("pre", 0, 6, "a b")], [("pre", "abcdef", "")]),
        ([("blockquote", 0, 6, "collapsed"), ("code", 0, 2)],
         [("blockquote", "abcdef", "collapsed"), ("code", "ab", "")]),
        ([("hashtag", 0, 6)], []),
    ],
)  # fmt: skip
def test_how_spans_may_lie(spans: list[tuple[str, int, int]], expected: list[tuple[str, str, str]]) -> None:
    text, made = tidy("abcdef", [Entity(*one) for one in spans])
    assert shown(text, made) == expected


def test_offsets_move_with_what_is_taken_out() -> None:
    text, made = tidy("\r\n  a\0b\r\n😀 c  ", [Entity("bold", 4, 5), Entity("italic", 9, 1)])
    assert (text, shown(text, made)) == ("ab\n😀 c", [("bold", "ab\n", ""), ("italic", "😀", "")])


def test_what_the_stored_message_says_is_taken_again() -> None:
    """Telegram has taken it once: an edit must not lose it."""
    link = Entity("text_url", 0, 3, "mailto:a@b.example")
    assert tidy("abc", [link]) == ("abc", ())
    assert tidy("abc", [link], {"mailto:a@b.example"}) == ("abc", (link,))


def test_a_spoiler_is_covered_where_the_text_is_shown_plainly() -> None:
    spans = [Entity("bold", 0, 3), Entity("spoiler", 8, 6)]
    assert formatting.covered("He dies 🙂 at 5", spans) == "He dies ▒ ▒▒ 5"
    assert formatting.covered("He dies", spans[:1]) == "He dies"
    for outside in (Entity("spoiler", -3, 2), Entity("spoiler", 50, 2), Entity("spoiler", 3, -2)):
        assert formatting.covered("He dies", [outside]) == "He dies", outside
    assert formatting.covered("He dies", [Entity("spoiler", -5, 50)]) == "▒▒ ▒▒▒▒"
    assert formatting.covered("x" * 32_768, [Entity("spoiler", 0, 32_768)] * 1000) == "▒" * 32_768


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://example.org/a?b#c", "https://example.org/a?b#c"),
        (" example.org ", "https://example.org"),
        ("example.org:8080/x", "https://example.org:8080/x"),
        ("//example.org", "https://example.org"),
        ("HTTP://EXAMPLE.ORG", "HTTP://EXAMPLE.ORG"),
        ("tg://user?id=42", "tg://user?id=42"),
        ("пример.рф", "https://пример.рф"),
        ("javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("https://", None),
        ("https://[", None),
        ("word", None),
        ("two words.example", None),
        ("", None),
        ("https://example.org/" + "x" * 2048, None),
    ],
)
def test_addresses(given: str, taken: str | None) -> None:
    assert address(given) == taken
