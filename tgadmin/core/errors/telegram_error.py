"""The one exception of everything that fails at Telegram, or on the way there."""

from __future__ import annotations

from tgadmin.core.errors.dispositions import Disposition, disposition
from tgadmin.core.errors.kinds import Kind
from tgadmin.core.errors.parsing import kind_of, split_code

_NAME_SECONDS = ("PASSWORD_TOO_FRESH", "SESSION_TOO_FRESH", "PREVIOUS_CHAT_IMPORT_ACTIVE_WAIT")
LONGEST_WAIT = 366 * 24 * 3600
"""Seconds: whoever is told to wait for longer asks again after a year."""


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
