"""What is wrong with something that was entered or configured, in our own words."""

from __future__ import annotations


class Said(ValueError):
    """``says`` may be shown to whoever entered it; it never repeats what was entered."""

    def __init__(self, says: str) -> None:
        super().__init__(says)
        self.says = says


class TooMuch(Exception):
    """Somebody has asked for too much at once: nothing of this was done, and it may be tried again later."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(says)
        self.code = code
        self.says = says
