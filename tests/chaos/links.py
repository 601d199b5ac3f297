"""Troubles of the links between gateways and the database, where gateways are hosts of their own (hosts.py)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from apps.commands.services.leases import LEASE_SECONDS
from tests.chaos.cluster import address
from tests.chaos.hosts import Hosts
from tests.chaos.troubles import End, Field, Trouble

LATE_SECONDS = 1.0
"""How much later than it was sent the data centre may note a packet, on a busy machine."""
PAST_TAKE_OVER = 14.0
"""Long enough for others to take the sessions over, and to be at work with them."""


def _harm(kind: str, *, silences: bool = False, **told: Any) -> Callable[[Field, random.Random], End | None]:
    """``told`` is what the cable does meanwhile; ``silences``: no beat can succeed, so that after the lease's length
    nothing may come from that gateway."""

    def begin(on: Field, rng: random.Random) -> End | None:
        hosts, name = on.cluster, on.gateway(rng)
        assert isinstance(hosts, Hosts)
        link, began = hosts.links[name], time.time()
        before = link.tell(**told)
        on.busy.add(name)

        def end() -> None:
            if silences:
                _check_silence(on, name, began)
            on.busy.discard(name)
            if link.tell() != before:
                on.struck(kind)

        return end

    return begin


def _check_silence(on: Field, name: str, began: float) -> None:
    """The last packet that the data centre has had from there is one of before the lease's end."""
    heard = on.call("record.heard_from", address=address(on.cluster.gateways.index(name)))
    if heard > began + LEASE_SECONDS + LATE_SECONDS:
        on.wrong.append(f"{name} was cut off, and still sent something {heard - began:.2f} s later")


LINKS = [
    Trouble("link_cut", _harm("link_cut", silences=True, cut=True), PAST_TAKE_OVER),
    Trouble("link_deaf", _harm("link_deaf", silences=True, left={"cut": True}), PAST_TAKE_OVER),
    Trouble("link_mute", _harm("link_mute", silences=True, right={"cut": True}), PAST_TAKE_OVER),
    Trouble("link_blink", _harm("link_blink", cut=True), 1.0),
    Trouble("link_slow", _harm("link_slow", delay=0.05, jitter=0.1), 8.0),
    Trouble("link_very_slow", _harm("link_very_slow", delay=1.0), 12.0),
    Trouble("link_lossy", _harm("link_lossy", loss=0.1), 8.0),
    Trouble("link_very_lossy", _harm("link_very_lossy", loss=0.5), 12.0),
]
"""The database's end is the left one: a deaf gateway is heard but hears nothing, a mute one hears and is not heard."""
