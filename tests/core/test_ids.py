"""Row ids as text."""

import pytest

from tgadmin.core.ids import row_id

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_ids(text: str, number: int) -> None:
    assert row_id(text) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", " 1", "1_0", "٣", "²", "x", "\0", "9" * 19, "9" * 5000])
def test_what_is_none(text: str) -> None:
    assert row_id(text) is None
