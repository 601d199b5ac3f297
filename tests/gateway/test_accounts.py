"""The registry of accounts, and the bells by which the gateway's parts wake each other."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from tgadmin.gateway import bell as bells
from tgadmin.gateway.accounts.account import Account
from tgadmin.gateway.accounts.registry import Accounts
from tgadmin.gateway.bell import Bell

LONG = 60.0


class Living:
    """An account as the registry sees it."""

    def __init__(self, session_id: int, ready: bool = True) -> None:
        self.session_id, self.is_ready = session_id, ready
        self.aborted = self.ended = False

    async def live(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True

    def abort(self) -> None:
        self.aborted = True


async def registry(*living: Living) -> tuple[Accounts, Bell]:
    bell = Bell()
    accounts = Accounts(bell)
    for one in living:
        accounts.start(cast(Account, one), one.live())
    await asyncio.sleep(0)
    return accounts, bell


async def test_only_who_has_caught_up_is_connected() -> None:
    ready, starting = Living(1), Living(2, ready=False)
    accounts, _ = await registry(ready, starting)
    found: list[Any] = [accounts.connected(1), accounts.connected(2), accounts.connected(3)]
    assert found == [ready, None, None]
    assert accounts.get(2) is cast(Any, starting)
    assert set(accounts.all()) == {1, 2}


async def test_stop_waits_until_the_account_has_ended() -> None:
    living = Living(1)
    accounts, _ = await registry(living)
    await accounts.stop(1)
    await accounts.stop(1)  # nothing is left to stop
    assert (living.ended, living.aborted, accounts.all()) == (True, False, {})


async def test_abort_cuts_the_connection_at_once() -> None:
    living = Living(1)
    accounts, _ = await registry(living)
    accounts.abort(1)
    assert (living.aborted, accounts.all()) == (True, {})


async def test_cut_closes_all_connections_and_forgets_nobody() -> None:
    first, second = Living(1), Living(2)
    accounts, _ = await registry(first, second)
    assert await asyncio.to_thread(accounts.cut) == 2
    assert first.aborted
    assert second.aborted
    assert set(accounts.all()) == {1, 2}


async def test_without_holds_as_long_as_anybody_says_so_and_rings_at_its_end() -> None:
    living = Living(1)
    accounts, bell = await registry(living)
    async with accounts.without(1):
        assert living.ended
        assert accounts.is_blocked(1)
        async with accounts.without(1):
            pass
        assert accounts.is_blocked(1)
        bell.hush()
    assert not accounts.is_blocked(1)
    async with asyncio.timeout(LONG / 2):
        await bell.wait(LONG)


async def test_a_ring_before_the_wait_is_not_lost() -> None:
    bell = Bell()
    bell.ring()
    async with asyncio.timeout(LONG / 2):
        await bell.wait(LONG)
    bell.hush()
    started = asyncio.get_running_loop().time()
    await bell.wait(0.05)
    assert asyncio.get_running_loop().time() - started >= 0.05


async def test_many_rings_soon_are_one() -> None:
    bell = Bell()
    for _ in range(3):
        bell.ring_soon()
    timer = bell._soon
    bell.ring_soon()
    assert bell._soon is timer
    async with asyncio.timeout(LONG / 2):
        await bell.wait(LONG)
    assert bell._soon is None
    assert bells.SOON_SECONDS < 0.1


async def test_it_rings_at_a_moment_even_one_that_has_passed() -> None:
    bell = Bell()
    bell.ring_at(datetime.now(UTC) - timedelta(hours=1))
    async with asyncio.timeout(LONG / 2):
        await bell.wait(LONG)
