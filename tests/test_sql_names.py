"""States, roles and kinds are named by their enums: no statement and no call has a copy of its own by hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command
from apps.sessions.models import Authorization, SessionStatus
from apps.signin.models import SignInStep

pytestmark = pytest.mark.source

ROOT = Path(__file__).resolve().parent.parent
PLACES = (
    *(f"apps/{app}" for app in ("commands", "sessions", "signin", "demo", "staff", "monitoring")),
    "tgadmin/gateway",
)
NAMES = sorted({*Command.State, *Command.Origin, *Authorization.Role, *SignInStep, *SessionStatus, *CommandKind})
IN_SQL = re.compile(rf"'({'|'.join(map(re.escape, NAMES))})'")
DOTTED = {kind.value for kind in CommandKind if "." in kind}
"""Kinds that are no word of the language: they are never anything else."""
DECLARATIONS = ROOT / "apps/commands/command_kinds.py"


def texts() -> Iterator[tuple[Path, int, str]]:
    """Every piece of text in the code but its docstrings: file, line, text."""
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            tree = ast.parse(path.read_text())
            alone = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in alone:
                    yield path, node.lineno, node.value


def test_statements_have_names_from_the_enums() -> None:
    copies = [
        f"{path.relative_to(ROOT)}:{line} {found[0]}" for path, line, text in texts() for found in IN_SQL.finditer(text)
    ]
    assert copies == [], "use core.sql.literals with the enum's members"


def test_kinds_of_commands_are_named_by_their_enum() -> None:
    copies = [
        f"{path.relative_to(ROOT)}:{line} {text}"
        for path, line, text in texts()
        if text in DOTTED and path != DECLARATIONS
    ]
    assert copies == [], "use CommandKind"


def test_the_look_finds_a_copy() -> None:
    assert IN_SQL.findall("state IN ('queued', 'claimed') OR origin = 'system'") == ["queued", "claimed", "system"]
    assert {path for path, _, text in texts() if text in DOTTED} == {DECLARATIONS}
