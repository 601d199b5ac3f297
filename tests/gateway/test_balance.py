"""Dealing sessions out to gateways, and moving them when one comes."""

from __future__ import annotations

from uuid import UUID

import pytest

from tgadmin.gateway.ownership.balance import Load, deal, too_many

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)


def counts(sessions: int, *nodes: Load) -> list[int]:
    dealt = deal(range(sessions), nodes)
    return [node.sessions + len(dealt[node.id]) for node in nodes]


def test_each_gets_its_part_of_the_load() -> None:
    assert counts(9, Load(A, 10, 0), Load(B, 10, 0), Load(C, 10, 0)) == [3, 3, 3]
    assert counts(9, Load(A, 10, 6), Load(B, 10, 0), Load(C, 10, 0)) == [6, 5, 4]
    assert counts(30, Load(A, 100, 0), Load(B, 50, 0)) == [20, 10]


def test_nobody_gets_more_than_it_takes_and_every_session_goes_to_one() -> None:
    nodes = (Load(A, 2, 1), Load(B, 3, 3), Load(C, 4, 0))
    dealt = deal(range(100), nodes)
    assert {node: len(got) for node, got in dealt.items()} == {A: 1, B: 0, C: 4}
    given = [session for got in dealt.values() for session in got]
    assert len(given) == len(set(given))


def test_all_gateways_deal_alike_whatever_order_they_see() -> None:
    nodes = [Load(A, 10, 0), Load(B, 10, 4), Load(C, 7, 1)]
    assert deal([5, 3, 9, 1], nodes) == deal([1, 3, 5, 9], list(reversed(nodes)))


@pytest.mark.parametrize("sessions", [1, 2, 3, 8, 50, 501])
def test_a_gateway_that_comes_is_filled_step_by_step_and_then_it_is_quiet(sessions: int) -> None:
    held = {A: sessions, B: 0}
    steps = []
    for _ in range(200):
        moved = {node: too_many(node, [Load(each, 1000, held[each]) for each in held], sessions) for node in held}
        assert not (moved[A] and moved[B]), "both give up: a storm"
        steps.append(sum(moved.values()))
        held[A], held[B] = held[A] - moved[A] + moved[B], held[B] + moved[A] - moved[B]
    assert max(steps) <= max(1, sessions // 16 + 1)
    assert steps[-1] == 0
    assert held[A] - held[B] <= max(1, sessions * 0.12)
    assert sum(steps) <= sessions // 2  # nothing moves twice


def test_no_session_moves_to_where_there_is_no_room() -> None:
    assert too_many(A, [Load(A, 100, 60), Load(B, 5, 5)], 65) == 0
    assert too_many(A, [Load(A, 100, 60)], 60) == 0
