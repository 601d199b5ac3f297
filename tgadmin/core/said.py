"""What is wrong with something that was entered or configured, in our own words."""

from __future__ import annotations


class Said(ValueError):  # noqa: N818  what is said
    """``says`` may be shown to whoever entered it; it never repeats what was entered."""

    def __init__(self, says: str) -> None:
        super().__init__(says)
        self.says = says
