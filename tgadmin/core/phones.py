"""Phone numbers: read from what people type, shown masked. Telegram decides which numbers exist, not we."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

from tgadmin.core import pasted
from tgadmin.core.errors import UserError

MIN_DIGITS, MAX_DIGITS = 5, 20
_ALLOWED = re.compile(r"[0-9 +()\[\]./\-·•_]*")
_HIDDEN = "••••"


def normalise(text: str) -> str:
    """The number's digits with its country code, as Telegram wants them. Raises UserError with a sentence for people.

    Known numbering plans are applied (a trunk zero as in +49 (0)151 goes); what they do not know, such as Telegram's
    test numbers (99966…), passes as it is.
    """
    text = pasted.phone(text)
    if not text:
        raise UserError("PHONE_NUMBER_INVALID", "Enter the phone number with its country code, as in +49 151 23456789.")
    if not _ALLOWED.fullmatch(text) or text.count("+") > 1 or "+" in text[1:]:
        raise UserError(
            "PHONE_NUMBER_INVALID",
            "A phone number holds digits only, with its country code first, as in +49 151 23456789.",
        )
    digits = "".join(char for char in text if char.isdigit())
    if not text.startswith("+") and digits.startswith("00"):
        digits = digits[2:]
    if digits.startswith("0"):
        raise UserError(
            "PHONE_NUMBER_INVALID", "The number begins with 0: write it with its country code, as in +49 151 23456789."
        )
    digits = _by_plan(digits)
    if not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        raise UserError("PHONE_NUMBER_INVALID", f"A phone number has {MIN_DIGITS} to {MAX_DIGITS} digits.")
    return digits


def _by_plan(digits: str) -> str:
    number = _parse(digits)
    if number is None or not phonenumbers.is_possible_number(number):
        return digits
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def _parse(digits: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None


def full(digits: str) -> str:
    """``+49 1512 3456789``: the whole number, grouped by its plan where there is one. For those with the right only."""
    if not digits:
        return ""
    number = _parse(digits)
    if number is None or not phonenumbers.is_possible_number(number):
        return f"+{digits}"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@lru_cache(1024)  # pages show the same few hundred again and again
def masked(digits: str) -> str:
    """``+49 151 •••• 4063``: country code, three digits, the last four; of a short number less."""
    if not digits:
        return ""
    number = _parse(digits)
    country = str(number.country_code) if number is not None else digits[:3]
    rest = digits[len(country) :]
    if len(rest) < 6:
        return f"+{country} {_HIDDEN} {rest[-1:]}".rstrip()
    head, tail = (3, 4) if len(rest) >= 9 else (1, 2)
    return f"+{country} {rest[:head]} {_HIDDEN} {rest[-tail:]}"
