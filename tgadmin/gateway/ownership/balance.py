"""How sessions are dealt out to gateways: by load, alike in every gateway, and moved only when it pays. No I/O."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

HYSTERESIS = 0.1
"""A gateway gives sessions up only when it holds this much more than its share."""
STEP = 8
"""Of what is too much, the eighth part moves at a time (at least one)."""


@dataclass(frozen=True, slots=True)
class Load:
    """A gateway that is alive: how many sessions it takes at most, and how many it holds."""

    id: UUID
    capacity: int
    sessions: int


def deal(sessions: Iterable[int], nodes: Iterable[Load]) -> dict[UUID, list[int]]:
    """Who takes which of these sessions: each goes to the gateway that is least full in proportion to its capacity.

    Every gateway that sees the same comes to the same result, so that two do not reach for one session. What fits
    nowhere is left out.
    """
    dealt: dict[UUID, list[int]] = {node.id: [] for node in nodes}
    room = [((node.sessions + 1) / node.capacity, node.id, node.sessions, node.capacity) for node in nodes]
    heap = [one for one in room if one[2] < one[3]]
    heapq.heapify(heap)
    for session in sorted(sessions):
        if not heap:
            break
        _, node_id, held, capacity = heapq.heappop(heap)
        dealt[node_id].append(session)
        if held + 1 < capacity:
            heapq.heappush(heap, ((held + 2) / capacity, node_id, held + 1, capacity))
    return dealt


def too_many(me: UUID, nodes: Sequence[Load], wanted: int) -> int:
    """How many sessions this gateway should give up now, for others to take: 0 unless it is well above its share and
    another is left emptier than this one even with a session more."""
    shares = {one: len(dealt) for one, dealt in deal(range(wanted), [Load(n.id, n.capacity, 0) for n in nodes]).items()}
    own = next((node for node in nodes if node.id == me), None)
    others = [node for node in nodes if node.id != me and node.sessions < shares[node.id]]
    if own is None or not others:
        return 0
    better = min((node.sessions + 1) / node.capacity for node in others) <= (own.sessions - 1) / own.capacity
    if not better or own.sessions <= shares[me] + int(shares[me] * HYSTERESIS):
        return 0
    excess = min(own.sessions - shares[me], sum(shares[node.id] - node.sessions for node in others))
    return max(1, excess // STEP)
