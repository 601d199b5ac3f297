"""Error codes and methods that the source names: each has its row, whatever Telegram may answer has been thought of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.method_errors import ERRORS, documented
from tests.kit.sources import parsed
from tgadmin.core.errors.table import TABLE

pytestmark = pytest.mark.source

ROOT = Path(__file__).resolve().parents[2]


def sources(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts and "sandbox" not in path.parts:
                yield path, parsed(path)


def methods_called() -> set[str]:
    """Telegram's names of the requests that tgadmin.telegram makes: ``F.auth.SendCodeRequest`` is auth.sendCode."""
    found = set()
    for _, tree in sources("tgadmin/telegram"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr.endswith("Request"):
                space = f"{node.value.attr}." if isinstance(node.value, ast.Attribute) else ""
                name = node.attr.removesuffix("Request")
                found.add(f"{space}{name[0].lower()}{name[1:]}")
    return found


def test_complete_for_the_methods_that_we_call() -> None:
    called = methods_called()
    assert {"auth.sendCode", "messages.sendMessage", "updates.getChannelDifference"} <= called
    assert called - set(ERRORS) == set(), "read the method's page, and see tests/core/method_errors.py"
    missing = {code for method in ERRORS for code in documented(method) if code not in TABLE}
    assert missing == set()


RAISED = {"TelegramError": 0, "UserError": 0, "TryLater": 1, "Trial": 0, "_again": 2, "_fail": 2}
"""Calls that take a code, and at which place."""
NAMED = ("code", "error_code", "status_code", "end_code")


def codes_written() -> Iterator[tuple[Path, str]]:
    for path, tree in sources("tgadmin", "apps"):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = RAISED.get(name)
            given = [keyword.value for keyword in node.keywords if keyword.arg in NAMED]
            given += node.args[place : place + 1] if place is not None else []
            for value in given:
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
                    yield path, value.value


def test_every_code_that_is_written_down_has_a_row() -> None:
    written = [(path.name, code) for path, code in codes_written() if re.fullmatch(r"[A-Z][A-Z0-9_]+", code)]
    assert len(written) > 40
    assert [each for each in written if each[1] not in TABLE] == []
