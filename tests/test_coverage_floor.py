"""The floor of the coverage: what is below fails, what is well above asks for more."""

import pytest

from tests.coverage_floor import verdict

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("measured", "holds", "said"),
    [
        (79.9, False, "It fell"),
        (80.0, True, "the floor is 80 %."),
        (81.0, True, "the floor is 80 %."),
        (83.7, True, "Raise the floor to 83 "),
    ],
)
def test_the_floor_only_rises(measured: float, holds: bool, said: str) -> None:
    sentence, passes = verdict(measured, 80)
    assert passes is holds
    assert said in sentence
    assert ("Raise" in sentence) == (measured > 81)
