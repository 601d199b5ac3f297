"""Who gets a place, who gives way, who has to go: the decisions, with a clock of the test's own."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tgadmin.web.budget import Budget
from tgadmin.web.connections import Connection, Connections, End
from tgadmin.web.limits import Limits

pytestmark = pytest.mark.pure


@dataclass
class Wire:
    pending: int = 0
    sent: int = 0


@dataclass
class House:
    limits: Limits
    now: float = 100.0
    ends: list[tuple[str, End]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.places = Connections(self.limits, lambda: self.now)

    def enter(self, name: str, address: str = "a") -> Connection | None:
        connection = self.places.admit(address)
        if connection is not None:
            connection.wire = Wire()
            connection.on_end = lambda reason: self.ends.append((name, reason))
        return connection

    def admitted(self, name: str, address: str = "a") -> Connection:
        connection = self.enter(name, address)
        assert connection is not None
        return connection


def test_the_longest_waiting_gives_way() -> None:
    house = House(Limits(connections=2))
    house.admitted("first")
    house.admitted("second")
    house.admitted("third")
    house.admitted("fourth")
    assert house.ends == [("first", End.CROWDED), ("second", End.CROWDED)]
    assert len(house.places) == 2


def test_waiting_is_counted_from_its_last_beginning() -> None:
    house = House(Limits(connections=2))
    first = house.admitted("first")
    house.admitted("second")
    first.works()
    first.waits(60)
    house.admitted("third")
    assert house.ends == [("second", End.CROWDED)]


def test_nobody_gives_way_whom_we_work_for() -> None:
    house = House(Limits(connections=2))
    house.admitted("first").works()
    second = house.admitted("second")
    second.works()
    assert house.enter("third") is None
    assert not house.ends
    second.gone()
    house.admitted("fourth")
    assert house.places.refused == 1


def test_whoever_is_signed_in_stays() -> None:
    """Strangers at the same address take each other's places, and are not counted together with them."""
    house = House(Limits(connections=10, connections_per_address=2))
    known = [house.admitted(name) for name in ("one", "two")]
    for one in known:
        one.known()
        one.known()
        one.waits(60)
    for number in range(4):
        house.admitted(f"stranger {number}")
    assert house.ends == [("stranger 0", End.CROWDED), ("stranger 1", End.CROWDED)]
    assert len(house.places) == 4
    third = house.admitted("three")
    third.known()  # more of them than an address has places: this one is treated as a stranger's
    assert not third.is_known
    for one in (*known, third):
        one.gone()
    assert len(house.places) == 1


def test_who_is_signed_in_gives_way_last() -> None:
    house = House(Limits(connections=2))
    house.admitted("known").known()
    house.admitted("stranger")
    house.admitted("third").works()
    house.admitted("fourth")
    assert house.ends == [("stranger", End.CROWDED), ("known", End.CROWDED)]


def test_an_address_has_its_share() -> None:
    """The places of others are not touched."""
    house = House(Limits(connections=10, connections_per_address=2))
    house.admitted("other", "b")
    house.admitted("first")
    house.admitted("second").works()
    house.admitted("third")
    assert house.ends == [("first", End.CROWDED)]
    house.admitted("of nobody", "")
    house.admitted("of nobody", "")
    house.admitted("of nobody", "")
    assert len(house.ends) == 1


def test_without_a_share_for_each_address() -> None:
    house = House(Limits(connections=10, connections_per_address=0))
    for number in range(10):
        house.admitted(str(number))
    assert not house.ends


def test_what_comes_too_late() -> None:
    house = House(Limits(header_seconds=10, body_seconds=30))
    connection = house.admitted("one")
    house.now += 9
    house.places.sweep()
    connection.waits(30)
    house.now += 29
    house.places.sweep()
    connection.until(house.now + 5)
    house.now += 4
    house.places.sweep()
    assert not house.ends
    house.now += 1
    house.places.sweep()
    house.places.sweep()
    assert house.ends == [("one", End.LATE)]
    connection.works()
    house.now += 1000
    house.places.sweep()
    assert len(house.ends) == 1


@pytest.mark.parametrize(("taken", "is_slow"), [(0, True), (999, True), (1000, False), (10_000, False)])
def test_who_reads_too_slowly(taken: int, is_slow: bool) -> None:
    house = House(Limits(read_seconds=10, read_rate=100))
    connection = house.admitted("one")
    connection.works()
    wire = connection.wire
    assert isinstance(wire, Wire)
    wire.pending = 5
    house.places.sweep()
    house.now += 9.9
    house.places.sweep()
    assert not house.ends
    wire.sent += taken
    house.now += 0.1
    house.places.sweep()
    assert house.ends == ([("one", End.SLOW)] if is_slow else [])


def test_who_has_read_all_begins_again() -> None:
    house = House(Limits(read_seconds=10))
    connection = house.admitted("one")
    connection.works()
    wire = connection.wire
    assert isinstance(wire, Wire)
    for _ in range(10):
        wire.pending = 5
        house.places.sweep()
        house.now += 9
        wire.pending = 0
        house.places.sweep()
        house.now += 9
    assert not house.ends


def test_what_all_hold_together() -> None:
    house = House(Limits(stored=100, queued=100))
    for number in range(4):
        house.admitted(str(number)).stored = 40
    house.places.sweep()
    assert house.ends == [("0", End.CROWDED), ("1", End.CROWDED)]
    for number in range(4, 8):
        wire = house.admitted(str(number)).wire
        assert isinstance(wire, Wire)
        wire.pending = 30
    house.places.sweep()
    assert house.ends[2:] == [("4", End.CROWDED)]


def test_leaving_twice_is_leaving_once() -> None:
    house = House(Limits(connections=1))
    first = house.admitted("first")
    first.gone()
    first.gone()
    first.waits(1)
    house.admitted("second").works()
    assert house.enter("third") is None


def test_budget() -> None:
    now = 0.0
    budget = Budget(2, 3, lambda: now)
    assert [budget.take() for _ in range(5)] == [True, True, True, False, False]
    now = 0.5
    assert [budget.take() for _ in range(2)] == [True, False]
    now = 100
    assert [budget.take() for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/", 10),
        ("/uploads", 10),
        ("/uploads/", 20),
        ("/uploads/a", 20),
        ("/uploads/large/a", 30),
        ("/x/uploads/", 10),
        ("/small/", 10),
    ],
)
def test_larger_bodies(path: str, size: int) -> None:
    """Where a view asks for them; the longest prefix counts; none makes the limit smaller."""
    limits = Limits(body=10, larger_bodies={"/uploads/": 20, "/uploads/large/": 30, "/small/": 5})
    assert limits.body_of(path) == size
