"""Login codes in what Telegram's own accounts write, masked: any run that looks like a code.

Rather too much than too little: whoever may reads the original with one click. Each masked character becomes as many
bullets as it has UTF-16 code units, so spans of the text stay where they are. White space stays too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

BULLET = "•"

Span = tuple[int, int]
"""From, to: positions of characters."""

# Dates, times and addresses in notices of new logins ("on 14/08/2023 at 13:25:12 UTC … (IP = 192.0.2.7)").
_HARMLESS = re.compile(
    r"(?<!\d)(?:19|20)\d\d-[01]\d-[0-3]\d(?!\d)"
    r"|(?<![\d./])[0-3]?\d([./])[01]?\d\1(?:19|20)\d\d(?!\d)"
    r"|(?<![\d:])[0-2]?\d:[0-5]\d(?::[0-5]\d)?(?![\d:])"
    r"|\bIP\s*=\s*[0-9A-Fa-f:.]{7,45}(?=\s*(?:[),;]|$))"
)
# Four digits or more; whatever stands between them (spaces, dashes, keycaps, marks of direction), but for letters.
_DIGITS = re.compile(r"\d(?:[\W_]{0,6}\d){3,}")
_TOKEN = re.compile(r"[A-Za-z0-9\0][A-Za-z0-9_\-\0]{3,}[A-Za-z0-9_\-\0]")
_RISES = re.compile(r"[a-z]\0?[A-Z]")
_LINE = re.compile(r"[^\S\n]*([!-~\0]{4,})[^\S\n]*")
_WORD = re.compile(r"[@#]?[^\W\d_]?[^\W\d_A-Z]*\W*")
# What a code is called where it is announced: "Login code: …", "Код для входа в Telegram: …", "ログインコード：…".
_CODE_WORDS = (
    "code|código|codigo|codice|codi|kod|kode|kód|koodi|κωδικός|код|коды|קוד|کد|رمز|كود|कोड|รหัส|mã|"
    "コード|番号|代码|代碼|验证码|驗證碼|登录码|登入碼|코드|번호"
)
_ANNOUNCED = re.compile(rf"(?:{_CODE_WORDS})[^\n:.]{{0,40}}:\s*([!-~\0]{{4,}})", re.IGNORECASE)
_CHUNK = re.compile(r"\S+")
_VALUE = re.compile(r"=([^&#\s]+)|[?#]([^=&#\s]+)(?=$|[#\s])")
_SECRET_PATH = re.compile(
    r"(?:^|[/.])(?:login|auth|oauth|confirm\w*|code|verify\w*|token|passport|reset\w*|recover\w*)/([^?#\s]+)",
    re.IGNORECASE,
)


def masked(text: str, hidden: Iterable[Span] = ()) -> str:
    """The text with bullets in place of all that looks like a code, and of what lies in ``hidden``."""
    if not text:
        return text
    covered = bytearray(len(text))
    for start, end in (*hidden, *_found(text)):
        covered[start:end] = b"\1" * (min(end, len(text)) - start)
    return "".join(_bullets(char) if hide else char for char, hide in zip(text, covered, strict=True))


def _bullets(char: str) -> str:
    if char.isspace():
        return char
    return BULLET * (2 if ord(char) > 0xFFFF else 1)


def _found(text: str) -> Iterator[Span]:
    plain = text if text.isascii() else "".join(map(_plain, text))
    yield from _in_addresses(plain)
    yield from _announced(plain)
    rest = _HARMLESS.sub(lambda found: "\1" * len(found[0]), plain)
    yield from _alone(rest)
    yield from (found.span() for found in _DIGITS.finditer(rest))
    yield from (found.span() for found in _TOKEN.finditer(rest) if _is_mixed(found[0]))


def _plain(char: str) -> str:
    """The digit or letter that a character stands for (full-width, Arabic-Indic, keycaps, mathematical …), NUL for
    what is not seen; others as they are. One character each, so that positions stay."""
    if char.isascii():
        return char
    if (digit := unicodedata.digit(char, None)) is not None:
        return str(digit)
    if unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return "\0"
    same = unicodedata.normalize("NFKC", char)
    return same if len(same) == 1 else char


def _is_mixed(token: str) -> bool:
    """Letters with digits, or capitals in the middle more than once: no word of a language, no name of a product."""
    has_digit = any(char.isdigit() for char in token)
    has_letter = any(char.isalpha() for char in token)
    return (has_digit and has_letter) or len(_RISES.findall(token)) > 1


def _in_addresses(plain: str) -> Iterator[Span]:
    """Values of links, and what follows "login" and the like in their paths."""
    for address in _CHUNK.finditer(plain):
        if "/" not in address[0] and "?" not in address[0]:
            continue
        for secret in (*_VALUE.finditer(address[0]), *_SECRET_PATH.finditer(address[0])):
            group = secret.lastindex or 0
            yield address.start() + secret.start(group), address.start() + secret.end(group)


def _announced(plain: str) -> Iterator[Span]:
    """What follows "code:", whatever it is."""
    for found in _ANNOUNCED.finditer(plain):
        yield found.start(1), found.start(1) + len(found[1].rstrip(".,;!?)»\"'”"))


def _alone(plain: str) -> Iterator[Span]:
    """What stands on a line of its own, unless it is an ordinary word that no colon announces."""
    at, announced = 0, False
    for line in plain.split("\n"):
        found = _LINE.fullmatch(line)
        if found is not None and (announced or not _is_ordinary(found[1])):
            yield at + found.start(1), at + found.end(1)
        if line.strip():
            announced = line.rstrip("\0 \t").endswith(":")
        at += len(line) + 1


def _is_ordinary(chunk: str) -> bool:
    """A word, a link (whose secrets are found apart), or no letters at all."""
    return "/" in chunk or "?" in chunk or _WORD.fullmatch(chunk) is not None or not any(map(str.isalnum, chunk))
