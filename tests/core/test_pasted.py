"""Pasted text: invisible characters are removed, the visible text stays."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgadmin.core import pasted

pytestmark = pytest.mark.pure

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2069\ufeff\u00ad\ufe0f\0"


@pytest.mark.parametrize(
    ("given_text", "plain"),
    [
        ("  a \t\u00a0 b\u2003\n", "a b"),
        ("\ufeff\u202a+49\u202c", "+49"),
        ("\uff0b\uff14\uff19\uff0d\uff11", "+49-1"),
        ("\u0664\u0669 \u0967\u09e8", "49 12"),
        ("1\ufe0f\u20e32\ufe0f\u20e3", "12"),
        ("a\u2011b\u2212c", "a-b-c"),
        ("\u00ab\u201e'x'\u201c\u00bb", "x"),
        ("'x", "'x"),
        ("e\u0301", "é"),
        ("²", "²"),
    ],
)
def test_plain(given_text: str, plain: str) -> None:
    assert pasted.plain(given_text) == plain


@given(st.text())
def test_plain_text_is_plain_already(text: str) -> None:
    once = pasted.plain(text)
    assert not any(unicodedata.category(char) in ("Cf", "Cc", "Cs") for char in once)
    assert "  " not in once


@given(st.text("abc 0123456789+-", max_size=30), st.lists(st.sampled_from(INVISIBLE), max_size=9), st.randoms())
def test_invisible_characters_change_nothing(text: str, marks: list[str], random: object) -> None:
    marked = list(text)
    for mark in marks:
        marked.insert(random.randint(0, len(marked)), mark)  # type: ignore[attr-defined]
    assert pasted.plain("".join(marked)) == pasted.plain(text)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("12345", "12345"),
        (" 123-45 ", "12345"),
        ("1 2 3 4 5", "12345"),
        ("\u0661\u0662\u0663\u0664\u0665", "12345"),
        ("\uff11\uff12\uff13\uff14\uff15", "12345"),
        ("123\u201345", "12345"),
        ("1\ufe0f\u20e32\ufe0f\u20e33\ufe0f\u20e34\ufe0f\u20e35\ufe0f\u20e3", "12345"),
        ("Login code: 12345. Do not give this code to anyone, even if they say they are from Telegram!", "12345"),
        ("Telegram code 12-345", "12345"),
        ("12345.", "12345"),
        ("", ""),
    ],
)
def test_a_code(typed: str, code: str) -> None:
    assert pasted.code(typed) == code


@pytest.mark.parametrize("typed", ["hello", "code 12345 or 67890", "12a45"])
def test_a_code_is_not_guessed(typed: str) -> None:
    assert not pasted.code(typed).isdigit()


@given(st.from_regex(r"[0-9]{4,8}", fullmatch=True), st.sampled_from(["", " ", "-", "\u2013", "\u00a0", "."]))
def test_a_code_in_whatever_digits_and_groups(code: str, between: str) -> None:
    for zero in ("0", "\u0660", "\u06f0", "\u0966", "\uff10"):
        typed = between.join(chr(ord(zero) + int(digit)) for digit in code)
        assert pasted.code(typed) == code


def test_a_link_keeps_every_visible_character() -> None:
    """It may hold a password: a dash stays the dash that it is, and other scripts' digits stay theirs."""
    kept = "socks5://anna:a\u2013\uff11\u0661b@proxy.example:1080"
    assert pasted.link(f"\ufeff \u201c{kept[:9]}\u200b{kept[9:]}\u201d\n") == kept


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("tel:+4915123456789", "+4915123456789"),
        ("TEL:+49-151-23456789;ext=5", "+49-151-23456789"),
        ("callto://+4915123456789", "+4915123456789"),
        ("tel:%2B49%20151", "+49 151"),
        ("https://t.me/+4915123456789", "+4915123456789"),
        ("tg://resolve?phone=4915123456789", "4915123456789"),
        ("https://wa.me/4915123456789?text=hi", "4915123456789"),
        ("<tel:+4915123456789>", "+4915123456789"),
        ("https://t.me/anna", "https://t.me/anna"),
    ],
)
def test_a_phone_link_is_opened(text: str, phone: str) -> None:
    assert pasted.phone(text) == phone
