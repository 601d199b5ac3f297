"""Every kind of update has a fate that is written down, and that the code keeps; docs/updates.md says the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from telethon.tl import types
from telethon.tl.alltlobjects import tlobjects

from tgadmin.telegram.convert import fates, updates
from tgadmin.telegram.convert.fates import HANDLING, Fate

pytestmark = pytest.mark.pure

PAGE = Path(__file__).resolve().parents[2] / "docs" / "updates.md"
HEAD = """# Updates

What becomes of each kind of update that Telegram may send.
The names are those of [Telegram's schema](https://core.telegram.org/type/Update).
A kind that Telethon does not know yet is set aside with its bytes.
This page is written by `bin/test tests/telegram/test_fates.py --write-docs`;
the test fails when it differs from the code.

| update | what becomes of it | |
|---|---|---|
"""


def schema() -> set[str]:
    """The types of Telethon's schema that are an Update."""
    kind = types.UpdateNewMessage.SUBCLASS_OF_ID
    return {
        made.__name__
        for made in tlobjects.values()
        if getattr(made, "SUBCLASS_OF_ID", None) == kind and made.__name__.startswith("Update")
    }


def test_every_update_has_a_fate() -> None:
    assert schema() - HANDLING.keys() == set()
    assert HANDLING.keys() - schema() == set()


def test_each_has_one() -> None:
    named = [name for _, _, names in fates._GROUPS for name in names.split()]
    assert sorted(named) == sorted(set(named))


def test_what_is_converted_is_what_is_stored_shown_or_set_aside() -> None:
    converted = {kind.__name__ for kind in updates._KINDS if kind.__name__ in schema()}
    kept = {name for name, handling in HANDLING.items() if handling.fate in (Fate.STORED, Fate.SHOWN, Fate.ASIDE)}
    # What they tell lies in the users and chats beside them, which are stored for every update.
    assert kept - converted == {"UpdateChat", "UpdateChannel"}
    assert converted - kept == set()


def test_the_page_says_the_same(request: pytest.FixtureRequest) -> None:
    order = list(Fate)
    rows = sorted(HANDLING.items(), key=lambda item: (order.index(item[1].fate), item[0]))
    page = HEAD + "".join(
        f"| `{name[0].lower()}{name[1:]}` | {handling.fate} | {handling.about} |\n" for name, handling in rows
    )
    if request.config.getoption("--write-docs"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page
