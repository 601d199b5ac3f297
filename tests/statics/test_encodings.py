"""Accept-Encoding, as RFC 9110 has it."""

import pytest

from tgadmin.statics.encodings import accepted

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("", set()),
        ("gzip", {"gzip"}),
        ("gzip, deflate, br, zstd", {"gzip", "deflate", "br", "zstd"}),
        ("GZIP ,Br", {"gzip", "br"}),
        ("br;q=0, gzip;q=0.5", {"gzip"}),
        ("br; q=0.000, gzip ; q=1", {"gzip"}),
        ("br;q=nonsense, gzip", {"gzip"}),
        ("br;q=-1,,;q=1,gzip;level=9", {"gzip"}),
        ("brotli, x-gzip", {"brotli", "x-gzip"}),
        ("*;q=0", set()),
    ],
)
def test_what_is_refused_or_unreadable_is_not_taken(header: str, names: set[str]) -> None:
    assert accepted(header) == names
