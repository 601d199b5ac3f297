"""Leases on a clock of the test's own: nodes, and what their looks take."""

from __future__ import annotations

import contextlib
import itertools
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.db import connection

from apps.commands.models import Node
from apps.sessions.models import Authorization, AuthorizationSecret, Session
from tgadmin.gateway.ownership import identity
from tgadmin.gateway.ownership.lease import Leases

_networks = itertools.count(1)


class FakeClock:
    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self.time


@contextlib.contextmanager
def two_accounts() -> Iterator[str]:
    """A network with two accounts that can be connected; removed afterwards."""
    name = f"lease-{next(_networks)}"

    def create() -> None:
        for number in (1, 2):
            session = Session.objects.create(name=f"s{number}", network=name, telegram_user_id=number)
            authorization = Authorization.objects.create(session=session, key_id=number, dc_id=1)
            AuthorizationSecret.objects.create(authorization=authorization, secret={})

    def remove() -> None:
        Session.objects.filter(network=name).delete()
        Node.objects.filter(host="lease-test").delete()
        connection.close()

    with ThreadPoolExecutor(1) as outside:
        outside.submit(create).result()
        yield name
        outside.submit(remove).result()


async def node(
    conn: psycopg.AsyncConnection[Any], network: str, clock: FakeClock, *, capacity: int = 10, boot: str = "elsewhere"
) -> Leases:
    me = replace(identity.this_process("n"), id=uuid.uuid4(), host="lease-test", boot=boot)
    leases = Leases(me, capacity, clock, network=network)
    await leases.register(conn, "test")
    await leases.heartbeat(conn)
    return leases


async def look(leases: Leases, conn: psycopg.AsyncConnection[Any]) -> list[int]:
    """What one look of the supervisor takes; the fences."""
    return sorted(held.fence for held in await leases.take(conn, await leases.scan(conn)))


async def watch(leases: Leases, conn: psycopg.AsyncConnection[Any], clock: FakeClock, seconds: float) -> list[int]:
    """Let so much time pass, looking once a second as the supervisor does; the fences that were taken."""
    taken: list[int] = []
    while seconds > 0:
        clock.time += min(seconds, 1.0)
        seconds -= 1.0
        taken += await look(leases, conn)
    return taken
