"""Templates are written so that a change can be reviewed line by line."""

from pathlib import Path

import pytest

from tests.kit.running import ROOT

pytestmark = pytest.mark.source

WIDTH = 160
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_line_is_too_long(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [(number, line[:80]) for number, line in enumerate(lines, 1) if len(line) > WIDTH] == []


def test_templates_are_found() -> None:
    assert {"base.html", "session_detail.html"} <= {path.name for path in TEMPLATES}
