"""What all parts of the gateway work with. None of it knows a part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tgadmin.core.clock import Clock
from tgadmin.core.metrics import Metrics
from tgadmin.gateway.accounts.storage import Storage
from tgadmin.gateway.ownership.lease import Leases
from tgadmin.gateway.threads import Threads
from tgadmin.gateway.wake import Wake
from tgadmin.telegram import Network


@dataclass(frozen=True, slots=True)
class Services:
    """``threads`` run synchronous code, ``storage`` reads and writes accounts' states in them; ``wake`` tells web
    processes; ``random`` gives numbers from 0 to 1."""

    network: Network
    leases: Leases
    threads: Threads
    storage: Storage
    wake: Wake
    clock: Clock
    random: Callable[[], float]
    metrics: Metrics
