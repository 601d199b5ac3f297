"""Accessibility and appearance of a page: what axe finds wrong with it, and screenshots.

``SHOTS=DIRECTORY bin/test tests/e2e`` leaves a picture of each state that a test looks at or ends in.
"""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parent / "vendor" / "axe.min.js"
_numbers = itertools.count(1)


def wrong(page: Page) -> list[str]:
    """What axe finds wrong with a page: one line for each element (none: [])."""
    # Through the debugger's protocol, as the page's own CSP lets no foreign script in.
    page.evaluate(AXE.read_text() + "\n;undefined")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def shoot(page: Page) -> None:
    """A picture of the page as it is, under the running test's name, if pictures are asked for; of admin pages to their
    end."""
    if folder := os.environ.get("SHOTS"):
        test = re.sub(r"\W+", "-", os.environ["PYTEST_CURRENT_TEST"].rpartition("::")[2].removesuffix(" (call)"))
        page.screenshot(path=Path(folder) / f"{test}-{next(_numbers)}.png", full_page="/chats/" not in page.url)
