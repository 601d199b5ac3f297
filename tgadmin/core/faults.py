"""An exception for a log: what it is and where it came from, without its words, which may quote people's text."""

from __future__ import annotations

import traceback


def describe(error: BaseException) -> str:
    lines = traceback.format_tb(error.__traceback__)
    return f"{type(error).__module__}.{type(error).__qualname__}\n{''.join(lines)}".rstrip()
