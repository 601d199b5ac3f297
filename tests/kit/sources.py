"""The project's sources as syntax trees, each parsed once for all tests that read them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def parsed(path: Path) -> ast.Module:
    """The tree of that file. Whoever asks next gets the same one: nobody changes it."""
    return ast.parse(path.read_text(encoding="utf-8"))
