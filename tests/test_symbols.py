"""The admin's icon font holds every icon that a page may show. When this fails: .venv/bin/python bin/fonts."""

import runpy

import pytest

from tests.kit.running import ROOT

pytestmark = pytest.mark.source


def test_the_font_has_what_the_sources_name() -> None:
    there = (ROOT / "static" / "vendor" / "symbols" / "symbols.txt").read_text().split()
    wanted = runpy.run_path(str(ROOT / "bin" / "fonts"))["wanted"]()
    assert set(wanted) - set(there) == set(), "run .venv/bin/python bin/fonts"
