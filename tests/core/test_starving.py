"""When a pool is dead: by a table of looks, each with its time."""

from __future__ import annotations

import pytest

from tgadmin.core.starving import LIMIT, WORRY, Probe, Starving, State

pytestmark = pytest.mark.pure

HAD, AT_WORK, AWAY, LOST = Probe.HAD, Probe.AT_WORK, Probe.AWAY, Probe.LOST


def states(*looks: tuple[Probe, int]) -> list[State]:
    """The states after so many seconds of each probe, one look a second, one state for each stretch."""
    starving, now, found = Starving(), 0.0, []
    for probe, seconds in looks:
        state = State.FINE
        for _ in range(seconds):
            now += 1
            state = starving.seen(now, probe)
        found.append(state)
    return found


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([(HAD, 1000)], [State.FINE]),
        ([(LOST, 5)], [State.FINE]),
        ([(LOST, 20)], [State.STARVING]),
        ([(LOST, 30)], [State.STARVING]),
        ([(LOST, 31)], [State.DEAD]),
        ([(HAD, 100), (LOST, 30)], [State.FINE, State.STARVING]),
        ([(HAD, 100), (LOST, 31)], [State.FINE, State.DEAD]),
        # One connection that somebody gets is enough to begin again.
        ([(LOST, 29), (HAD, 1), (LOST, 29)], [State.STARVING, State.FINE, State.STARVING]),
        # Work, however long, is no death; nor is a database that is down for everybody, and what comes after it has its
        # time.
        ([(AT_WORK, 10_000)], [State.BUSY]),
        ([(AWAY, 10_000)], [State.AWAY]),
        ([(AWAY, 10_000), (LOST, 30)], [State.AWAY, State.STARVING]),
        ([(AWAY, 10_000), (LOST, 31)], [State.AWAY, State.DEAD]),
        (
            [(LOST, 29), (AT_WORK, 1), (LOST, 29), (AWAY, 1), (LOST, 29)],
            [State.STARVING, State.BUSY, State.STARVING, State.AWAY, State.STARVING],
        ),
        ([(AT_WORK, 20), (HAD, 1), (AT_WORK, 5)], [State.BUSY, State.FINE, State.FINE]),
    ],
)  # fmt: skip
def test_states(looks: list[tuple[Probe, int]], expected: list[State]) -> None:
    assert states(*looks) == expected


def test_a_process_that_slept_has_seen_nothing_meanwhile() -> None:
    starving = Starving()
    starving.seen(0.0, LOST)
    assert starving.seen(3600.0, LOST) is State.FINE
    assert starving.seen(3600.0 + LIMIT, LOST) is State.FINE  # it slept again
    now = 3600.0 + LIMIT
    while now < 3600.0 + 2 * LIMIT - 1:
        now += 1
        assert starving.seen(now, LOST) is not State.DEAD
    assert starving.seen(now + 1, LOST) is State.DEAD


def test_the_clock_may_begin_anywhere() -> None:
    for start in (-1e6, 0.0, 1e9):
        starving = Starving()
        for second in range(int(WORRY)):
            assert starving.seen(start + second, LOST) is State.FINE
        assert starving.seen(start + WORRY, LOST) is State.STARVING


def test_what_is_said_names_no_secret() -> None:
    assert all(state.value.startswith("database: ") for state in State if state is not State.FINE)
