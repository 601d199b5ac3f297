"""The pages for people are written one sentence a line, so that a change shows which sentences changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.running import ROOT

pytestmark = pytest.mark.source

WIDTH = 120
"""Characters of a line of prose; tables, code and addresses are as long as they are."""
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
CODE = re.compile(r"`[^`]*`")
NUMBER = re.compile(r"^\s*\d+\. ")
ADDRESS = re.compile(r"\]\([^)]*\)|https?://\S+")
NEXT_SENTENCE = re.compile(r"(?<!e\.g)(?<!i\.e)[.!?][)*_\"”’]* +([\"“‘\[]*[A-Z`\d]|[*_]|\([A-Z]|tgadmin)")


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without blocks of code, tables and comments."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith(("|", "    ", "<!--", "![")):
            yield number, line


def faults(text: str) -> list[str]:
    """What is wrong with the lines of a page."""
    found = []
    for number, line in prose(text):
        if len(ADDRESS.sub("", line)) > WIDTH:
            found.append(f"{number}: longer than {WIDTH} characters: {line[:60]}…")
        if (another := NEXT_SENTENCE.search(NUMBER.sub("", CODE.sub("`…`", line)))) is not None:
            found.append(f"{number}: another sentence begins in this line: …{another[0]}…")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_one_sentence_a_line(page: Path) -> None:
    assert faults(page.read_text(encoding="utf-8")) == []


def test_pages_are_found() -> None:
    assert {"README.md", "ARCHITECTURE.md", "configuration.md", "rights.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One sentence.\nAnother, with `a. B` in it.\n", 0),
        ("One sentence. Another.\n", 1),
        ("**Heading.** A sentence (e.g. This one).\n", 1),
        ("1. A step.\n2. Another.\n", 0),
        ("- It ends `here`. `there` begins.\n", 1),
        ("Version 1.5 of X, see a.B.\n", 0),
        ("word " * 25, 1),
        (f"[a page](https://example.org/{'x' * 120})\n", 0),
        (f"| {'cell. Another. ' * 20} |\n", 0),
        (f"```\n{'code ' * 40}\n```\n{'prose ' * 30}\n", 1),
    ],
)
def test_what_counts(text: str, count: int) -> None:
    assert len(faults(text)) == count
