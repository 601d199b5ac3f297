"""docs/roles.md: the roles in plain words, made from apps/staff/roles.py, which the pages show too.

``pytest tests/staff/test_roles.py --write-docs`` writes the page again.
"""

from __future__ import annotations

import textwrap

import pytest

from apps.staff.roles import ADDS_ACCOUNTS, ADMINISTRATOR, WORDS, Role
from tests.kit.running import ROOT

pytestmark = pytest.mark.source

PAGE = ROOT / "docs" / "roles.md"


def lines(words: tuple[str, ...]) -> list[str]:
    return [textwrap.fill(f"- {word}", 118, subsequent_indent="  ") for word in words]


def sentences(text: str) -> list[str]:
    return text.replace(". ", ".\n").splitlines()


def page() -> str:
    parts = [
        "# Roles",
        "",
        "Made from `apps/staff/roles.py`: do not edit it.",
        "",
        "A colleague has a role in each account that they use, by themselves or by a group; the higher one counts.",
        "Each role includes those before it.",
        "What every address, socket frame and command answers to each of them is in [rights.md](rights.md).",
    ]
    for role in Role:
        words = WORDS[role]
        parts += ["", f"## {role.label}", "", *sentences(words.short), "", "May:", "", *lines(words.may)]
        if words.may_not:
            parts += ["", "May not:", "", *lines(words.may_not)]
    parts += ["", "## Beside the roles", ""]
    parts += [f"- **May add accounts**: {ADDS_ACCOUNTS[0].lower()}{ADDS_ACCOUNTS[1:]}"]
    parts += [f"- **Administrator**: {ADMINISTRATOR[0].lower()}{ADMINISTRATOR[1:]}"]
    parts += ["  They add colleagues under Administration, Colleagues: name, accounts and roles in one form."]
    parts += ["  The colleague gets a one-time link by which they choose their password: [security.md](security.md)."]
    return "\n".join(parts) + "\n"


def test_every_role_has_its_words() -> None:
    assert list(WORDS) == list(Role)
    assert all(len(words.short) <= 70 and words.may for words in WORDS.values())


def test_the_page(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--write-docs"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page()
