"""The guard: cuts past the deadline and when the clock is set by much, leaves alone what is well."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tgadmin.gateway.ownership.guard import Guard
from tgadmin.gateway.ownership.identity import this_process
from tgadmin.gateway.ownership.lease import Leases


class TwoClocks:
    def __init__(self) -> None:
        self.wall, self.boot = 1_000_000.0, 50.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall, UTC)

    def monotonic(self) -> float:
        return self.boot


class Seen:
    def __init__(self, clock: TwoClocks) -> None:
        self.cuts = 0
        self.jumps: list[int] = []
        self.leases = Leases(this_process("n"), 1, clock, network="n")
        self.leases._deadline = clock.boot + 3
        self.stuck = 0
        self.guard = Guard(
            self.leases, clock, self.cut, lambda seconds: self.jumps.append(round(seconds)), self.is_stuck
        )

    def is_stuck(self) -> None:
        self.stuck += 1

    def cut(self) -> int:
        self.cuts += 1
        return 1


def test_a_loop_that_does_not_turn_is_told_once_in_a_while() -> None:
    seen = Seen(TwoClocks())
    for _ in range(200):
        seen.guard._check_loop(0.25)
        seen.guard.tick()
    assert seen.stuck == 0
    for _ in range(79):
        seen.guard._check_loop(0.25)
    assert seen.stuck == 0
    seen.guard._check_loop(0.25)
    assert seen.stuck == 1


def test_both_clocks_going_on_is_no_jump() -> None:
    """A suspended machine: both have gone on when it wakes up."""
    clock = TwoClocks()
    seen = Seen(clock)
    for seconds in (1.0, 3600.0):
        clock.wall += seconds
        clock.boot += seconds
        seen.guard._check_clock()
    assert (seen.cuts, seen.jumps) == (0, [])


@pytest.mark.parametrize(
    ("seconds", "jumps"), [(29.0, []), (-29.0, []), (30.0, [30]), (-31.0, [-31]), (9999.0, [9999])]
)
def test_a_clock_that_is_set(seconds: float, jumps: list[int]) -> None:
    clock = TwoClocks()
    seen = Seen(clock)
    clock.wall += seconds
    seen.guard._check_clock()
    seen.guard._check_clock()  # told once
    assert seen.jumps == jumps
    assert seen.cuts == len(jumps)
    assert seen.leases.allowed() is not bool(jumps)


def test_small_steps_are_no_jump() -> None:
    clock = TwoClocks()
    seen = Seen(clock)
    for _ in range(10):
        clock.wall += 20
        seen.guard._check_clock()
    assert seen.jumps == []
