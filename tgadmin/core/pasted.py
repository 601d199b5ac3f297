"""What people paste, made plain in one place: phone numbers, login codes, sessions, links.

It comes from address books, chat apps, e-mails, spreadsheets and configuration files, with marks that nobody sees,
digits of other scripts, and quotes around it. Pure: what a number or a code must be like is for the callers to know.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
"""Full-width forms of East Asian keyboards, and the ASCII characters that they stand for."""
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "‘": "’", "‚": "‘", "«": "»", "‹": "›", "<": ">"}
_PHONE_LINK = re.compile(
    r"(?:(?:tel|callto|sms|whatsapp):/{0,2}(?:send/?\?phone=)?|tg://resolve/?\?phone="
    r"|(?:https?://)?(?:www\.)?(?:t\.me/(?=\+)|wa\.me/|api\.whatsapp\.com/send/?\?phone=))",
    re.IGNORECASE,
)
_AFTER_NUMBER = re.compile(r"[;?&#].*", re.DOTALL)
_BETWEEN_DIGITS = re.compile(r"[\s\-._·•:/]+")
_RUN = re.compile(r"[0-9]+(?:[\s\-._·•]{1,3}[0-9]+)*")


def plain(text: str) -> str:
    """The text as it looks: nothing invisible, every white space one space, every decimal digit an ASCII digit, dashes
    as hyphens, full-width forms as ASCII; without white space and quotes around it."""
    return _unquoted(" ".join("".join(map(_plain_char, unicodedata.normalize("NFC", text))).split()))


def _unquoted(text: str) -> str:
    while len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    return text


def _plain_char(char: str) -> str:
    if " " <= char <= "~":
        return char
    char = chr(_WIDE.get(ord(char), ord(char)))
    if char.isspace():
        return " "
    if _is_invisible(char):
        return ""
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    return "-" if category == "Pd" or char == "\u2212" else char


def _is_invisible(char: str) -> bool:
    """Marks of direction, joiners, byte-order marks, control characters, variation selectors, the frame of a keycap."""
    if unicodedata.category(char) in ("Cf", "Cc", "Cs", "Co", "Cn", "Me"):
        return True
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def phone(text: str) -> str:
    """A phone number's own part of what was pasted: ``tel:`` links and links to chats are opened up."""
    text = plain(text)
    link = _PHONE_LINK.match(text)
    if link is None:
        return text
    return plain(_AFTER_NUMBER.sub("", unquote(text[link.end() :])))


def code(text: str) -> str:
    """A code of digits, from whatever stands around it: ``12-345``, ``Login code: 12345.``, ``١٢٣٤٥``.

    A text with letters and more than one number of four digits or more is not guessed at: it comes back without what
    may stand between digits, and is for the caller to refuse.
    """
    text = plain(text)
    joined = _BETWEEN_DIGITS.sub("", text)
    if joined.isdigit():
        return joined
    numbers = [_BETWEEN_DIGITS.sub("", run) for run in _RUN.findall(text)]
    long = [number for number in numbers if len(number) >= 4]
    return long[0] if len(long) == 1 else joined


def link(text: str) -> str:
    """A link that may hold a password: only what is invisible goes, and white space and quotes around it."""
    return _unquoted("".join(char for char in text if not _is_invisible(char)).strip())
