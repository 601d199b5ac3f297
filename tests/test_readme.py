"""README's steps name what the pages really say."""

from __future__ import annotations

import re

import pytest

from tests.kit.running import ROOT

pytestmark = pytest.mark.source

SOURCES = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "apps").rglob("*.py"), ROOT / "tgadmin" / "unfold.py"]


def steps() -> str:
    text = (ROOT / "README.md").read_text()
    return text[text.index("## Try it") : text.index("## In production")]


def test_what_is_to_be_pressed_is_on_a_page() -> None:
    pages = "\n".join(path.read_text() for path in SOURCES)
    named = set(re.findall(r"\*\*([A-Z][^*]+)\*\*", steps()))
    assert {"Add account", "QR code", "Phone number", "Add colleague", "Make one-time link"} <= named
    assert [words for words in sorted(named) if words not in pages] == []


def test_the_start_page_opens_on_what_readme_says() -> None:
    methods = (ROOT / "templates" / "signin" / "methods.html").read_text()
    order = [methods.index(word) for word in ("QR code", "Phone number", "Import")]
    assert order == sorted(order)
    assert "The page opens on **QR code**" in steps()


@pytest.mark.parametrize("page", ["README.md", "docs/operate.md", "docs/configuration.md"])
def test_links_lead_somewhere(page: str) -> None:
    here = ROOT / page
    for target in re.findall(r"\]\(([^)]+)\)", here.read_text()):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        found = (here.parent / path) if path else here
        assert found.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.+)$", found.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
            assert anchor in slugs, target
