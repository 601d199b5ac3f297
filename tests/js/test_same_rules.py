"""The page and the server have the same rules for formatting and captions."""

import re

import pytest

from apps.chats.services.captions import WITH_CAPTION
from apps.chats.services.text import MAX_CAPTION
from tests.kit.running import ROOT
from tgadmin.core.formatting import MAX_SPANS_SENT, MAX_URL, SENT
from tgadmin.core.formatting.spans import CODE, STYLES

pytestmark = pytest.mark.pure

LOGIC = ROOT / "static" / "chats" / "logic"
FORMAT, CAPTIONS = (LOGIC / "format.js").read_text(), (LOGIC / "captions.js").read_text()


def number(text: str, name: str) -> int:
    found = re.search(rf"const {name} = ([\d_]+);", text)
    assert found is not None
    return int(found[1].replace("_", ""))


def words(text: str, name: str) -> set[str]:
    found = re.search(rf"const {name} = (?:new Set\()?\[(.*?)\]", text)
    assert found is not None
    return set(re.findall(r'"(\w+)"', found[1]))


def test_the_limits() -> None:
    assert number(CAPTIONS, "MAX_CAPTION") == MAX_CAPTION
    assert (number(FORMAT, "MOST_SPANS"), number(FORMAT, "MOST_URL")) == (MAX_SPANS_SENT, MAX_URL)


def test_the_kinds() -> None:
    assert words(CAPTIONS, "WITH_CAPTION") == WITH_CAPTION
    assert words(FORMAT, "STYLES") == set(STYLES)
    assert words(FORMAT, "CODE") == CODE
    assert words(FORMAT, "KINDS") | words(FORMAT, "STYLES") | words(FORMAT, "CODE") | words(FORMAT, "LINKS") == SENT
