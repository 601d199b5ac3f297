"""What staff asked for and cannot have: the one exception that every surface catches once and shows."""

from __future__ import annotations

from datetime import datetime


class UserError(Exception):
    """Something is not done, and whoever asked for it is shown why.

    ``code`` is one of the table's (docs/errors.md) and is for programs. ``message`` is a sentence for staff; it never
    repeats a secret, nor what was entered. ``until``: when another try may help, or None where no time is known.

    A subclass is for what somebody catches by itself; it has its code as an attribute of the class.
    """

    code: str

    def __init__(self, code: str, message: str, until: datetime | None = None) -> None:
        super().__init__(code, message, until)
        self.code = code
        self.message = message
        self.until = until

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"
