"""Signing in, step by step, each step possibly in another process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from telethon.tl.functions.auth import AcceptLoginTokenRequest

from sandbox.server import Sandbox
from tests.telegram.conftest import API_HASH, Make, MemoryInbox, Store, last_code
from tgadmin.core.errors import TelegramError
from tgadmin.core.types import Peer, PeerKind
from tgadmin.telegram import Key, LoginToken, LoginTokenMoved, Network, SignInClient

PHONE = "+49151222001"


@pytest.fixture
async def signing_in(network: Network) -> AsyncIterator[Callable[..., SignInClient]]:
    made: list[SignInClient] = []

    def make(key: Key | None = None, network: Network = network) -> SignInClient:
        made.append(SignInClient(network, key))
        return made[-1]

    yield make
    for client in made:
        await client.disconnect()


async def test_each_step_runs_in_a_process_of_its_own(sandbox: Sandbox, signing_in) -> None:
    account = sandbox.world.accounts.create(PHONE, "Ada", "Lovelace", password="cloud", hint="the sky")
    first = signing_in()
    await first.connect()
    sent = await first.send_code(PHONE)
    assert sent.via in ("app", "sms")
    assert sent.length >= 5
    await first.disconnect()

    second = signing_in(Key.from_json(first.key.to_json()))
    await second.connect()
    with pytest.raises(TelegramError) as caught:
        await second.sign_in(PHONE, sent.hash, last_code(sandbox, PHONE))
    assert caught.value.code == "SESSION_PASSWORD_NEEDED"
    assert await second.me() is None
    await second.disconnect()

    third = signing_in(second.key)
    await third.connect()
    assert await third.password_hint() == "the sky"
    with pytest.raises(TelegramError) as caught:
        await third.check_password("wrong")
    assert caught.value.code == "PASSWORD_HASH_INVALID"
    profile = await third.check_password("cloud")
    assert (profile.id, profile.name, profile.is_self) == (account.user_id, "Ada Lovelace", True)
    again = await third.me()
    assert again is not None
    assert again.access_hash == profile.access_hash
    assert third.key.key_id == first.key.key_id
    assert sandbox.keys[third.key.key_id].user_id == account.user_id
    assert sandbox.keys[third.key.key_id].device_model == "tgadmin"


@pytest.mark.parametrize(
    ("phone", "code"), [("+4", "PHONE_NUMBER_INVALID"), ("+49151999999", "PHONE_NUMBER_UNOCCUPIED")]
)
async def test_wrong_numbers_are_told_apart_and_none_is_registered(
    sandbox: Sandbox, signing_in, phone: str, code: str
) -> None:
    client = signing_in()
    await client.connect()
    before = len(list(sandbox.world.accounts))

    async def both_steps() -> None:
        sent = await client.send_code(phone)
        await client.sign_in(phone, sent.hash, last_code(sandbox, phone))

    with pytest.raises(TelegramError) as caught:
        await both_steps()
    assert caught.value.code == code
    assert len(list(sandbox.world.accounts)) == before


async def test_wrong_codes_stay_on_their_step(sandbox: Sandbox, signing_in) -> None:
    sandbox.world.accounts.create(PHONE, "Ada")
    client = signing_in()
    await client.connect()
    sent = await client.send_code(PHONE)
    with pytest.raises(TelegramError) as caught:
        await client.sign_in(PHONE, sent.hash, "00000" if last_code(sandbox, PHONE) != "00000" else "11111")
    assert caught.value.code == "PHONE_CODE_INVALID"
    profile = await client.sign_in(PHONE, sent.hash, last_code(sandbox, PHONE))
    assert profile.kind is PeerKind.USER


async def test_a_banned_number_and_a_flood_wait(sandbox: Sandbox, signing_in) -> None:
    user_id = sandbox.world.accounts.create(PHONE, "Ada").user_id
    client = signing_in()
    await client.connect()
    sandbox.faults.flood("auth.sendCode", 77)
    with pytest.raises(TelegramError) as caught:
        await client.send_code(PHONE)
    assert (caught.value.code, caught.value.seconds) == ("FLOOD_WAIT", 77)
    sandbox.faults.ban(user_id)
    with pytest.raises(TelegramError) as caught:
        await client.send_code(PHONE)  # no wall-clock memory of the flood wait on our side
    assert caught.value.code == "PHONE_NUMBER_BANNED"


async def test_cancelling_tells_telegram(sandbox: Sandbox, signing_in) -> None:
    sandbox.world.accounts.create(PHONE, "Ada")
    client = signing_in()
    await client.connect()
    sent = await client.send_code(PHONE)
    await client.cancel(PHONE, sent.hash)
    with pytest.raises(TelegramError) as caught:
        await client.sign_in(PHONE, sent.hash, last_code(sandbox, PHONE))
    assert caught.value.code == "PHONE_CODE_EXPIRED"


async def test_logging_out_ends_the_key(sandbox: Sandbox, signing_in, sign_in, account_client: Make) -> None:
    me = await sign_in(PHONE)
    client = signing_in(me.key)
    await client.connect()
    await client.log_out()
    store = Store(me)
    account = account_client(store, MemoryInbox(store))
    with pytest.raises(TelegramError) as caught:
        await account.connect()
    assert caught.value.is_fatal


async def test_a_number_of_another_data_centre_is_followed_there(
    rsa_key: tuple[str, str], tmp_path: Path, signing_in
) -> None:
    async with Sandbox(rsa_key_path=rsa_key[0], codes_path=str(tmp_path / "c.jsonl"), dcs=2, seed=1) as sandbox:
        sandbox.world.accounts.create(PHONE, "Ada").home_dc = 2
        network = Network(1, API_HASH, (1, sandbox.host, sandbox.port), rsa_key[1])
        client = signing_in(None, network)
        await client.connect()
        before = client.key
        sent = await client.send_code(PHONE)
        assert (client.key.dc_id, client.key.port) == (2, sandbox.port + 1)
        assert client.key.key_id != before.key_id
        await client.disconnect()
        again = signing_in(client.key, network)
        await again.connect()
        profile = await again.sign_in(PHONE, sent.hash, last_code(sandbox, PHONE))
        assert profile.is_self
        await again.disconnect()


async def test_nobody_listens(network: Network, signing_in) -> None:
    client = signing_in(Key(1, "127.0.0.1", 1))
    with pytest.raises(TelegramError) as caught:
        await client.connect()
    assert caught.value.code == "CONNECTION_FAILED"


async def test_an_empty_password_text_never_leaves_the_error(sandbox: Sandbox, signing_in) -> None:
    sandbox.world.accounts.create(PHONE, "Ada", password="cloud")
    client = signing_in()
    await client.connect()
    sent = await client.send_code(PHONE)
    with pytest.raises(TelegramError):
        await client.sign_in(PHONE, sent.hash, last_code(sandbox, PHONE))
    with pytest.raises(TelegramError) as caught:
        await client.check_password("hunter2")
    shown = repr(caught.value) + str(caught.value) + repr(sent)
    assert "hunter2" not in shown
    assert PHONE.lstrip("+") not in shown
    assert sent.hash not in shown


async def test_a_connection_comes_from_the_address_that_was_chosen(sandbox: Sandbox, network: Network) -> None:
    client = SignInClient(replace(network, local_address="127.0.0.9"), None)
    await client.connect()
    assert [one.source.rpartition(":")[0] for one in sandbox.record.connections] == ["127.0.0.9"]
    await client.disconnect()


@pytest.fixture
async def two_dcs(rsa_key: tuple[str, str], tmp_path: Path) -> AsyncIterator[tuple[Sandbox, Network]]:
    """Two data centres, and the network that begins at the first."""
    async with Sandbox(rsa_key_path=rsa_key[0], codes_path=str(tmp_path / "c.jsonl"), dcs=2, seed=1) as sandbox:
        yield sandbox, Network(1, API_HASH, (1, sandbox.host, sandbox.port), rsa_key[1])


async def scan(sandbox: Sandbox, network: Network, token: bytes, *, dc: int = 1, password: str = "") -> None:
    """The account's own phone accepts what a QR code shows."""
    phone = SignInClient(network, Key(dc, sandbox.host, sandbox.port + dc - 1))
    await phone.connect()
    sent = await phone.send_code(PHONE)
    try:
        await phone.sign_in(PHONE, sent.hash, last_code(sandbox, PHONE))
    except TelegramError:
        await phone.check_password(password)
    await phone._call(AcceptLoginTokenRequest(token))
    await phone.disconnect()


@pytest.mark.parametrize("home", [1, 2])
@pytest.mark.parametrize("password", ["", "cloud"])
async def test_a_qr_code_is_accepted(
    two_dcs: tuple[Sandbox, Network], signing_in: Callable[..., SignInClient], home: int, password: str
) -> None:
    """https://core.telegram.org/api/qr-login, every step in a process of its own."""
    sandbox, network = two_dcs
    account = sandbox.world.accounts.create(PHONE, "Ada", password=password or None)
    account.home_dc = home
    screen = SignInClient(network, None, updates=True)
    await screen.connect()
    shown = await screen.export_token()
    assert isinstance(shown, LoginToken)
    assert str(shown.token) not in repr(shown)
    assert 0 < shown.seconds <= sandbox.world.logins.tokens.seconds
    accepted = asyncio.create_task(screen.token_accepted())
    await scan(sandbox, network, shown.token, dc=home, password=password)
    await asyncio.wait_for(accepted, 10)

    async def finish(client: SignInClient) -> Peer:
        answer = await client.export_token()
        if isinstance(answer, LoginTokenMoved):
            assert client.key.dc_id == home
            await client.disconnect()
            client = signing_in(client.key, network)
            await client.connect()
            answer = await client.import_token(answer.token)
        assert isinstance(answer, Peer)
        return answer

    if password:
        with pytest.raises(TelegramError) as caught:
            await finish(screen)
        assert caught.value.code == "SESSION_PASSWORD_NEEDED"
    else:
        assert (await finish(screen)).id == account.user_id
    await screen.disconnect()


async def test_waiting_for_the_scan_ends_with_the_connection(network: Network) -> None:
    screen = SignInClient(network, None, updates=True)
    await screen.connect()
    waiting = asyncio.create_task(screen.token_accepted())
    await asyncio.sleep(0)
    await screen.disconnect()
    with pytest.raises(TelegramError) as caught:
        await waiting
    assert caught.value.code == "CONNECTION_LOST"
