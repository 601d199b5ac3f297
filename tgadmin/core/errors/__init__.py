"""Telegram's error codes and our own: what kind each is, what the program does, what staff are told.

Codes are Telegram's names without their numbers: ``FLOOD_WAIT_30`` is the code ``FLOOD_WAIT`` with 30 seconds. Kinds
follow the number that Telegram sends beside the name (https://core.telegram.org/api/errors).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tgadmin.core.bounds import INT
from tgadmin.core.errors.codes import TelegramErrorCode
from tgadmin.core.errors.kinds import KINDS, Action, Kind, SuggestedAction
from tgadmin.core.errors.suggested_actions import suggested_action_for
from tgadmin.core.errors.table import DEFAULTS, TABLE

__all__ = [
    "LONGEST_WAIT",
    "PROXY_CODES",
    "Action",
    "Disposition",
    "Kind",
    "SuggestedAction",
    "TelegramError",
    "disposition",
    "kind_of",
    "split_code",
]


@dataclass(frozen=True, slots=True)
class Disposition:
    """One row of the table: ``says`` is a sentence for staff, ``next_step`` what to do now; neither holds user data."""

    code: str
    kind: Kind
    action: Action
    says: str
    next_step: str

    @property
    def suggested_action(self) -> SuggestedAction:
        """The button that goes with ``next_step``."""
        return suggested_action_for(self.code, self.action)

    @property
    def is_fatal(self) -> bool:
        """Whether the authorization that met this code is of no use any more."""
        return self.action is Action.STOP


_KIND_BY_NUMBER = {
    303: Kind.MIGRATE,
    400: Kind.CALLER,
    401: Kind.SESSION,
    403: Kind.RIGHTS,
    404: Kind.CALLER,
    406: Kind.REFUSED,
    420: Kind.WAIT,
    500: Kind.RETRY,
    503: Kind.RETRY,
}
_KNOWN = frozenset(TABLE)
_NUMBER_IN_NAME = re.compile(r"_(\d+)(MIN)?(?=_|$)", re.ASCII)
_NOT_A_NAME = re.compile(r"[^A-Z0-9]+")
PROXY_CODES = frozenset({"PROXY_FORBIDDEN", "PROXY_NO_WAY", "PROXY_REFUSED", "PROXY_SILENT", "PROXY_UNREACHABLE"})
"""What an account's proxy can do wrong."""
_NAME_SECONDS = ("PASSWORD_TOO_FRESH", "SESSION_TOO_FRESH", "PREVIOUS_CHAT_IMPORT_ACTIVE_WAIT")
_LENGTH = 64  # what the code columns hold
_SAID = 512
"""Characters of Telegram's error text that are looked at."""
LONGEST_WAIT = 366 * 24 * 3600
"""Seconds: whoever is told to wait for longer asks again after a year."""


def kind_of(code: str, number: int | None = None) -> Kind:
    """The kind of a code; ``number`` is what Telegram sent beside it, if that is known (negative ones count too)."""
    if (known := KINDS.get(code)) is not None:
        return known
    if number is not None:
        return _KIND_BY_NUMBER.get(abs(number), Kind.RETRY if abs(number) >= 500 else Kind.CALLER)
    return Kind.CALLER


def disposition(code: str, kind: Kind | None = None) -> Disposition:
    """The table's row for a code (without numbers); an unknown code gets its kind's default.

    ``kind`` helps where a code is unknown but the number beside it was seen: pass ``TelegramError.kind``.
    """
    if code in _KNOWN:
        return Disposition(code, kind_of(code), *TABLE[TelegramErrorCode(code)])
    kind = kind or kind_of(code)
    return Disposition(code, kind, *DEFAULTS[kind])


def split_code(message: str) -> tuple[str, int | None]:
    """Telegram's error text as (code, the number in it or None). A number of minutes is given in seconds. One that no
    wait, data centre or part has is the largest that may be.

    >>> split_code("FLOOD_WAIT_30")
    ('FLOOD_WAIT', 30)
    """
    message = message[:_SAID]
    found = _NUMBER_IN_NAME.search(message)
    number = None if found is None else min(int(found[1]) * (60 if found[2] else 1), INT)
    name = _NOT_A_NAME.sub("_", _NUMBER_IN_NAME.sub("", message).upper()).strip("_")
    return name[:_LENGTH] or "UNKNOWN_ERROR", number


class TelegramError(Exception):
    """A request, a sign-in step or a connection failed.

    ``code`` is Telegram's name without its number, or one of ours; ``seconds`` how long Telegram makes us wait (WAIT
    kinds and the few others that name a time), ``number`` whatever number the name bore (a data centre, a part);
    ``method`` the request's name, as ``messages.sendMessage``. Its text never holds what a user wrote.
    """

    def __init__(
        self,
        code: str,
        *,
        seconds: int | None = None,
        method: str = "",
        kind: Kind | None = None,
        number: int | None = None,
    ) -> None:
        self.code = code
        self.seconds = seconds
        self.method = method
        self.kind = kind or kind_of(code)
        self.number = number
        wait = f" ({seconds} s)" if seconds is not None else ""
        super().__init__(f"{code}{wait}{f' at {method}' if method else ''}")

    @classmethod
    def parse(cls, message: str, number: int, method: str = "") -> TelegramError:
        """From what Telegram sent: an error's text and the number beside it."""
        code, in_name = split_code(message)
        kind = kind_of(code, number)
        says_seconds = in_name is not None and (kind is Kind.WAIT or code in _NAME_SECONDS)
        seconds = min(in_name or 0, LONGEST_WAIT) if says_seconds else None
        return cls(code, seconds=seconds, method=method, kind=kind, number=in_name)

    @property
    def disposition(self) -> Disposition:
        return disposition(self.code, self.kind)

    @property
    def is_fatal(self) -> bool:
        """Whether the authorization is of no use any more (STOP)."""
        return self.disposition.is_fatal

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.code, self.seconds, self.method, self.kind, self.number)


def _rebuild(code: str, seconds: int | None, method: str, kind: Kind, number: int | None) -> TelegramError:
    return TelegramError(code, seconds=seconds, method=method, kind=kind, number=number)
