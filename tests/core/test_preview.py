"""What a chat list shows of a message."""

from __future__ import annotations

import pytest

from tgadmin.core.preview import LENGTH, preview

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("text", "media", "shown"),
    [
        ("Hello", None, "Hello"),
        ("A caption", {"kind": "photo"}, "A caption"),
        ("", {"kind": "photo"}, "Photo"),
        ("", {"kind": "round_video"}, "Round video"),
        ("", None, ""),
        ("", {}, ""),
        ("", {"kind": None}, ""),
        ("", {"kind": ["photo"]}, ""),
        ("", "photo", ""),
        ("", ["kind"], ""),
        ("x" * 500, None, "x" * LENGTH),
        ("", {"kind": "x" * 500}, "X" + "x" * (LENGTH - 1)),
    ],
)
def test_preview(text: str, media: object, shown: str) -> None:
    assert preview(text, media) == shown
