"""What is to be connected is asked again after every wait: leases are lost and accounts blocked meanwhile."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from tests.kit.waiting import until
from tgadmin.gateway.accounts.account import Account
from tgadmin.gateway.accounts.registry import Accounts
from tgadmin.gateway.bell import Bells
from tgadmin.gateway.supervisor import Supervisor

SESSION = 7


class Leaving:
    """An account that takes its time to end."""

    session_id = SESSION

    def __init__(self, authorization_id: int) -> None:
        self.authorization_id = authorization_id
        self.is_leaving, self.may_end = asyncio.Event(), asyncio.Event()

    async def live(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.is_leaving.set()
            await self.may_end.wait()

    def abort(self) -> None:
        self.may_end.set()


class Inbox:
    def close(self, reason: Exception) -> None:
        pass


class Others:
    """The parts that a lost lease is told to."""

    def forget(self, session_id: int) -> None:
        pass

    abort_session = forget

    def inbox(self, held: Any) -> Inbox:
        return Inbox()


def supervisor(accounts: Accounts, bells: Bells) -> Supervisor:
    services = SimpleNamespace(leases=SimpleNamespace(held={}))
    parts: Any = Others()
    made = Supervisor(
        cast(Any, services), bells, accounts,
        bus=parts, writers=parts, signins=parts, connect_limiter=parts, params={},
    )  # fmt: skip
    made._keep(cast(Any, SimpleNamespace(session_id=SESSION, fence=1)))
    return made


async def test_a_lease_that_is_lost_while_its_account_stops_connects_nothing() -> None:
    bells = Bells()
    accounts = Accounts(bells.supervisor)
    watched = supervisor(accounts, bells)
    leaving = Leaving(1)
    accounts.start(cast(Account, leaving), leaving.live())
    await asyncio.sleep(0)
    wanted: Any = SimpleNamespace(session_id=SESSION, authorization_id=2)
    changing = asyncio.create_task(watched._reconcile(wanted))
    await leaving.is_leaving.wait()
    watched._lost(SESSION, "lease lost")
    leaving.may_end.set()
    await changing
    assert accounts.all() == {}
    await asyncio.wait_for(bells.supervisor.wait(60), 30)  # it looks again at once


async def test_a_lease_that_is_taken_again_begins_with_a_new_account() -> None:
    bells = Bells()
    accounts = Accounts(bells.supervisor)
    watched = supervisor(accounts, bells)
    former = Leaving(1)
    accounts.start(cast(Account, former), former.live())
    await asyncio.sleep(0)
    watched._sessions.clear()
    watched._keep(cast(Any, SimpleNamespace(session_id=SESSION, fence=2)))
    assert accounts.all() == {}
    await until(former.may_end.is_set)
