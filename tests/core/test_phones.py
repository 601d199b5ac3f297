"""Phone numbers: what people type, what Telegram gets, what colleagues see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgadmin.core import phones
from tgadmin.core.errors import UserError

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("+49 151 23456789", "4915123456789"),
        ("0049 (151) 234-567.89", "4915123456789"),
        ("+49 (0)151 23456789", "4915123456789"),
        ("4915123456789", "4915123456789"),
        ("+1 212 555 0123", "12125550123"),
        ("٠٠٤٩١٥١٢٣٤٥٦٧٨٩", "4915123456789"),
        ("99966 2 1234", "9996621234"),
        ("+888 0123 4567", "88801234567"),
        ("12345", "12345"),
        ("\u202a+49 151 23456789\u202c", "4915123456789"),
        ("\ufeff+49 151 23456789", "4915123456789"),
        ("\uff0b49 151 23456789", "4915123456789"),
        ("\uff0b\uff14\uff19\uff08\uff11\uff15\uff11\uff0923456789", "4915123456789"),
        ("tel:+49-151-23456789", "4915123456789"),
        ("https://t.me/+4915123456789", "4915123456789"),
        ("+49\u202f151\u2009234\u201156789", "4915123456789"),
        ("+49 (0) 151 23456789", "4915123456789"),
        ("+49·151·23456789", "4915123456789"),
        ("\u2067+49 151 23456789\u2069", "4915123456789"),
        ("+39 06 1234 5678", "390612345678"),
        ("+52 1 55 1234 5678", "5215512345678"),
        ("+54 9 11 2345 6789", "5491123456789"),
        ("+55 11 91234-5678", "5511912345678"),
        ("+225 01 23 45 67 89", "2250123456789"),
    ],
)
def test_what_people_type(typed: str, digits: str) -> None:
    assert phones.normalise(typed) == digits


@pytest.mark.parametrize(
    "typed", ["", " ", "+", "1234", "9" * 21, "0151 2345", "+49x151", "++49151", "49+151", "²²²²²²²"]
)
def test_what_is_no_number(typed: str) -> None:
    with pytest.raises(UserError):
        phones.normalise(typed)


@given(st.text(max_size=40))
def test_anything_else_is_digits_or_refused(typed: str) -> None:
    try:
        digits = phones.normalise(typed)
    except UserError:
        return
    assert digits.isascii()
    assert digits.isdigit()
    assert phones.MIN_DIGITS <= len(digits) <= phones.MAX_DIGITS


@pytest.mark.parametrize(
    ("digits", "masked"),
    [("4915123454063", "+49 151 •••• 4063"), ("12125550123", "+1 212 •••• 0123"), ("", ""), ("12345", "+1 •••• 5")],
)
def test_masked(digits: str, masked: str) -> None:
    assert phones.masked(digits) == masked


@given(st.from_regex(r"[1-9][0-9]{4,19}", fullmatch=True))
def test_a_mask_hides_digits(digits: str) -> None:
    shown = "".join(char for char in phones.masked(digits) if char.isdigit())
    assert len(shown) <= max(len(digits) - 2, 5)
    assert digits not in phones.masked(digits).replace(" ", "")


def test_full_is_grouped_by_the_numbers_plan() -> None:
    assert phones.full("4915123454063") == "+49 1512 3454063"
    assert phones.full("99") == "+99"
    assert phones.full("") == ""
