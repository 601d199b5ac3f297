"""The waits between tries of a connection are the customer's."""

import pytest

from tgadmin.core.backoff import delay, has_failed

pytestmark = pytest.mark.pure


def test_the_waits_are_the_customers() -> None:
    assert [delay(n, lambda: 0.5) for n in range(1, 6)] == [1, 2, 4, 8, 16]
    assert delay(6, lambda: 0.5) == 60
    assert delay(15, lambda: 0.5) == 60
    assert delay(16, lambda: 0.5) == 300
    assert delay(10_000, lambda: 0.5) == 300


@pytest.mark.parametrize(("random", "factor"), [(0.0, 0.8), (1.0, 1.2)])
def test_jitter_is_a_fifth_either_way(random: float, factor: float) -> None:
    assert delay(4, lambda: random) == pytest.approx(8 * factor)


def test_failure_is_recorded_once_after_five_tries() -> None:
    assert [n for n in range(1, 100) if has_failed(n)] == [5]


@pytest.mark.parametrize("failures", [0, -1])
def test_counting_starts_at_one(failures: int) -> None:
    with pytest.raises(ValueError, match="from 1"):
        delay(failures, lambda: 0.5)
