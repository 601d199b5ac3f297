"""Values of closed sets in SQL that is written by hand."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z][a-z0-9_.]*")


def literals(*values: str) -> str:
    """Enum members as SQL literals, separated by commas, for a statement that is put together once, at import: where
    a parameter would keep PostgreSQL from using a partial index. Raises ValueError for what is no member's name.

    >>> literals("queued", "claimed")
    "'queued', 'claimed'"
    """
    texts = [str(value) for value in values]
    for text in texts:
        if not _NAME.fullmatch(text):
            raise ValueError(f"not a name: {text!r}")
    return ", ".join(f"'{text}'" for text in texts)
