"""An authorization that has ended while its connection goes on: found out by asking, and only where it is quiet."""

import asyncio

import pytest

from sandbox.server import Sandbox
from tests.kit.waiting import until
from tests.telegram.conftest import Make, MemoryInbox, Store
from tgadmin.core.errors import TelegramError
from tgadmin.telegram.client import authorization_check
from tgadmin.telegram.client.account import AccountClient

ME, OTHER = "+49151333001", "+49151333002"
GET_STATE = "updates.getState"


class Scene:
    """A connected account that is quiet, checked every half a second or so."""

    def __init__(self, sandbox: Sandbox, client: AccountClient, inbox: MemoryInbox, me: int, friend: int) -> None:
        self.sandbox, self.client, self.inbox, self.me, self.friend = sandbox, client, inbox, me, friend

    @property
    def asked(self) -> int:
        """How often it was asked whether the account is still signed in."""
        return len(self.sandbox.record.uses_of(GET_STATE, user_id=self.me))


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, sign_in, account_client: Make) -> Scene:
    monkeypatch.setattr(authorization_check, "QUIET_SECONDS", 0.5)
    me, friend = (sandbox.world.accounts.create(phone, "P").user_id for phone in (ME, OTHER))
    store = Store(await sign_in(ME))
    inbox = MemoryInbox(store)
    client = account_client(store, inbox)
    await client.connect()
    await client.caught_up()
    sandbox.record.clear()
    return Scene(sandbox, client, inbox, me, friend)


@pytest.mark.parametrize("error", ["AUTH_KEY_UNREGISTERED", "SESSION_REVOKED", "SESSION_EXPIRED"])
async def test_an_authorization_that_ended_elsewhere_ends_the_connection(scene: Scene, error: str) -> None:
    scene.sandbox.faults.revoke(scene.me, error=error)
    ended = await asyncio.wait_for(scene.client.wait_closed(), 20)
    assert ended is not None
    assert (ended.code, ended.is_fatal) == (error, True)


async def test_an_account_that_is_well_is_asked_again_and_again_and_goes_on(scene: Scene) -> None:
    await until(lambda: scene.asked >= 3)
    scene.sandbox.world.send(scene.friend, scene.me, "hello")
    await scene.inbox.until(lambda: bool(scene.inbox.store.snapshot().get(scene.friend)))


async def test_nothing_is_asked_while_something_comes_that_only_an_authorized_key_gets(scene: Scene) -> None:
    for number in range(8):  # twice as long as it may be quiet
        scene.sandbox.world.send(scene.friend, scene.me, str(number))
        await scene.inbox.until(lambda: len(scene.inbox.store.snapshot().get(scene.friend, ())) > number)  # noqa: B023
        before = scene.asked
        await asyncio.sleep(0.125)
        assert scene.asked == before


@pytest.mark.parametrize("method", [GET_STATE, "account.getAuthorizations"])
async def test_a_flood_wait_is_waited_out(scene: Scene, method: str) -> None:
    """Its own, and another method's."""
    scene.sandbox.faults.flood(method, 2)
    if method == GET_STATE:
        await until(lambda: scene.asked == 1)
    else:
        with pytest.raises(TelegramError, match="FLOOD_WAIT"):
            await scene.client.devices.list()
    began, before = asyncio.get_running_loop().time(), scene.asked
    await until(lambda: scene.asked > before)
    assert asyncio.get_running_loop().time() - began >= 1.9


@pytest.mark.parametrize("code", [500, 400])
async def test_an_error_that_says_nothing_of_the_authorization_ends_nothing(scene: Scene, code: int) -> None:
    scene.sandbox.faults.error(GET_STATE, code, "SOMETHING_ELSE", times=2)
    await until(lambda: scene.asked >= 3)
    assert not scene.client._link.connected.ended.done()


async def test_a_client_that_is_closed_asks_nothing_any_more(scene: Scene) -> None:
    await scene.client.disconnect()
    check = scene.client._check
    assert check is not None
    assert check._timer.cancelled()
