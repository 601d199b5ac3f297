"""What goes wrong on purpose: told by tests in this process, or over the control API by others."""

from __future__ import annotations

from typing import Literal


class Faults:
    """The faults that are set at present.

    ``random_id``: what a repeated random_id gets: the first result again ("first_result", as Telegram documents), or
    500 RANDOM_ID_DUPLICATE ("duplicate_error", documented as well). The message services read it.
    """

    def __init__(self) -> None:
        self.random_id: Literal["first_result", "duplicate_error"] = "first_result"
