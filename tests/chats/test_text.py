"""What is taken out of texts and what is refused."""

import pytest

from apps.chats.services.text import MAX_LENGTH, clean, utf16_length
from tgadmin.core.errors import UserError

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("  hello\n", "hello"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("tab\there", "tab\there"),
        ("nul\0bell\x07del\x7fc1\x85", "nulbelldelc1"),
        ("lone\ud800 surrogate", "lone surrogate"),
        ("😀 keeps \u200d joiners and \u202e marks", "😀 keeps \u200d joiners and \u202e marks"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_clean(given: str, sent: str) -> None:
    assert clean(given) == sent


@pytest.mark.parametrize("text", ["", " \n\t", "\0\x01"])
def test_nothing_is_refused(text: str) -> None:
    with pytest.raises(UserError) as refused:
        clean(text)
    assert refused.value.code == "EMPTY"


def test_length_is_counted_in_utf16_code_units() -> None:
    assert utf16_length("a😀é") == 4
    assert clean("😀" * (MAX_LENGTH // 2)) == "😀" * (MAX_LENGTH // 2)
    with pytest.raises(UserError) as refused:
        clean("😀" * (MAX_LENGTH // 2) + "a")
    assert refused.value.code == "TOO_LONG"
    assert "4,097 of 4,096" in refused.value.message


def test_a_megabyte_is_refused_and_not_quoted() -> None:
    with pytest.raises(UserError) as refused:
        clean("x" * 1_000_000)
    assert "1,000,000" in refused.value.message
    assert "xxx" not in refused.value.message
