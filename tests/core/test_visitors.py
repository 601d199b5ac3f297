"""Who is known to be signed in."""

import pytest

from tgadmin.core.visitors import Visitors

pytestmark = pytest.mark.pure


def test_known_for_a_while() -> None:
    now = 0.0
    visitors = Visitors(seconds=10, clock=lambda: now)
    assert not visitors.knows("a")
    visitors.note("a")
    now = 9.9
    assert visitors.knows("a")
    assert not visitors.knows("b")
    visitors.note("a")
    now = 19
    assert visitors.knows("a")
    now = 20
    assert not visitors.knows("a")


def test_the_latest_are_kept() -> None:
    visitors = Visitors(size=2, clock=lambda: 0.0)
    for name in ("a", "b", "a", "c"):
        visitors.note(name)
    assert [visitors.knows(name) for name in "abc"] == [True, False, True]


def test_no_cookie_is_kept() -> None:
    visitors = Visitors()
    visitors.note("a cookie \ud800")
    assert visitors.knows("a cookie \ud800")
    assert "a cookie" not in repr(vars(visitors))
