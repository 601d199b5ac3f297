"""What an error code means, in words for staff."""

from __future__ import annotations

from dataclasses import dataclass

from tgadmin.core.errors import disposition


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means, for staff: ``message`` one sentence, ``next_step`` what to do now."""

    code: str
    message: str
    next_step: str


def explain(code: str) -> Explanation | None:
    """The code's row in the table of errors; None for no code."""
    if not code:
        return None
    known = disposition(code)
    return Explanation(code, known.message, known.next_step)
