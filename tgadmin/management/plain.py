"""What every command of ours prints of an error: the sentence, without the name of a Python class."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, OutputWrapper


class _Plain(OutputWrapper):
    """Django writes a refusal as "CommandError: …"."""

    def write(  # type: ignore[override]  # as Django's own
        self, msg: str = "", style_func: Callable[[str], str] | None = None, ending: str | None = None
    ) -> None:
        super().write(msg.removeprefix("CommandError: "), style_func, ending)


class PlainCommand(BaseCommand):
    """Django's, whose errors are sentences."""

    def __init__(self, stdout: Any = None, stderr: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(stdout, stderr, *args, **kwargs)
        plain = _Plain(stderr or sys.stderr)
        plain.style_func = self.stderr.style_func
        self.stderr = plain
