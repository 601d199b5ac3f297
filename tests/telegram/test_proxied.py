"""The way to Telegram through a real SOCKS5 proxy and a real MTProxy; every way in which a proxy fails."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest

from sandbox.server import Sandbox
from tests.telegram.conftest import SignedIn
from tgadmin.core.errors import TelegramError
from tgadmin.core.proxies import Proxy, ProxyKind
from tgadmin.core.reach import Reach
from tgadmin.telegram import Network, Pings, SignInClient, measure
from tgadmin.telegram._telethon import limit_proxies, without_padding

PHONE = "491511000001"
KINDS = ("socks5", "mtproxy")


@pytest.fixture
async def fronts(sandbox: Sandbox) -> Sandbox:
    await sandbox.fronts.start()
    return sandbox


def proxy_of(sandbox: Sandbox, kind: str) -> Proxy:
    return Proxy.parse(sandbox.fronts.links()[kind])


def address_of(sandbox: Sandbox) -> tuple[int, str, int]:
    return 1, sandbox.host, sandbox.port


async def code_of(network: Network, sandbox: Sandbox, proxy: Proxy | None) -> str:
    """What a look at the way says; "" for a sound one."""
    try:
        timing = await measure(network, address_of(sandbox), proxy, timeout=3)
    except TelegramError as error:
        return error.code
    assert timing.connected > 0
    assert timing.answered > 0
    return ""


@pytest.mark.parametrize("kind", KINDS)
async def test_a_sign_in_goes_through_the_proxy_and_nothing_beside_it(
    network: Network, fronts: Sandbox, kind: str, sign_in: Callable[[str], Awaitable[SignedIn]]
) -> None:
    await sign_in(PHONE)
    fronts.record.clear()
    client = SignInClient(network, None, proxy=proxy_of(fronts, kind))
    await client.connect()
    assert (await client.send_code(PHONE)).via == "app"
    await client.disconnect()
    again = SignInClient(network, client.key, proxy=proxy_of(fronts, kind))
    await again.connect()
    assert await again.me() is None
    await again.disconnect()
    assert fronts.fronts.passed()[kind] == 2
    assert len(fronts.record.as_json()["connections"]) == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_a_look_tells_a_dead_proxy_from_a_dead_telegram(network: Network, fronts: Sandbox, kind: str) -> None:
    proxy = proxy_of(fronts, kind)
    assert await code_of(network, fronts, proxy) == ""
    fronts.fronts.cut_off(kind)
    assert await code_of(network, fronts, proxy) == {"socks5": "PROXY_NO_WAY", "mtproxy": "PROXY_SILENT"}[kind]
    fronts.fronts.kill(kind)
    assert await code_of(network, fronts, proxy) == "PROXY_UNREACHABLE"
    assert await code_of(network, fronts, replace(proxy, host="no-such-host.invalid")) == "PROXY_UNREACHABLE"
    assert await code_of(network, fronts, None) == ""


async def test_wrong_passwords_and_secrets(network: Network, fronts: Sandbox) -> None:
    wrong = replace(proxy_of(fronts, "socks5"), password="another")
    assert await code_of(network, fronts, wrong) == "PROXY_REFUSED"
    assert await code_of(network, fronts, replace(wrong, username="", password="")) == "PROXY_REFUSED"
    secret = replace(proxy_of(fronts, "mtproxy"), secret="dd" + os.urandom(16).hex())
    assert await code_of(network, fronts, secret) == "PROXY_SILENT"


async def test_what_speaks_another_protocol(network: Network, fronts: Sandbox) -> None:
    """An MTProxy where SOCKS5 is expected, and the other way round."""
    links = fronts.fronts
    as_socks = Proxy(ProxyKind.SOCKS5, fronts.host, links.mtproxy.port)
    as_mtproxy = Proxy(ProxyKind.MTPROXY, fronts.host, links.socks5.port, secret="ab" * 16)
    assert await code_of(network, fronts, as_socks) == "PROXY_NO_WAY"
    assert await code_of(network, fronts, as_mtproxy) == "PROXY_SILENT"


async def test_a_few_bytes_of_another_protocol_are_no_answer(network: Network, fronts: Sandbox) -> None:
    """As SOCKS5 answers to a greeting that happens to look like one of its own: one in 256 random ones does."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x05\xff")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, fronts.host)
    async with server:
        port = server.sockets[0].getsockname()[1]
        stranger = Proxy(ProxyKind.MTPROXY, fronts.host, port, secret="ab" * 16)
        assert await code_of(network, fronts, stranger) == "PROXY_SILENT"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_connection_that_cannot_be_made_says_why(network: Network, fronts: Sandbox, kind: str) -> None:
    proxy = proxy_of(fronts, kind)
    fronts.fronts.kill(kind)
    with pytest.raises(TelegramError) as new:
        await SignInClient(network, None, proxy=proxy, timeout=3).connect()
    key = network.first_key().with_auth_key(bytes(range(256)))
    with pytest.raises(TelegramError) as known:
        await SignInClient(network, key, proxy=proxy, timeout=3).connect()
    assert (new.value.code, known.value.code) == ("PROXY_UNREACHABLE", "PROXY_UNREACHABLE")


async def test_a_key_over_a_silent_proxy(network: Network, fronts: Sandbox) -> None:
    wrong = replace(proxy_of(fronts, "mtproxy"), secret="dd" + os.urandom(16).hex())
    key = network.first_key().with_auth_key(bytes(range(256)))
    with pytest.raises(TelegramError) as silent:
        await SignInClient(network, key, proxy=wrong, timeout=1).connect()
    assert silent.value.code == "PROXY_SILENT"


@pytest.mark.parametrize("kind", KINDS)
async def test_the_lease_and_the_pings_hold_through_a_proxy(network: Network, fronts: Sandbox, kind: str) -> None:
    """What closes a direct connection closes one through a proxy: a lost lease, and Telegram itself without pings."""
    allowed = True
    pings = Pings(every=30, disconnect=1)
    client = SignInClient(network, None, proxy=proxy_of(fronts, kind), allowed=lambda: allowed, pings=pings)
    await client.connect()
    assert client._wire is not None
    assert (await client._wire.ended) is not None
    closed = fronts.record.as_json()["connections"][-1]
    assert closed["why"] == "ping_delay_disconnect ran out"
    again = SignInClient(network, client.key, proxy=proxy_of(fronts, kind), allowed=lambda: allowed)
    await again.connect()
    allowed = False
    with pytest.raises(TelegramError) as refused:
        await again.send_code(PHONE)
    assert refused.value.code == "CONNECTION_REFUSED_BY_LEASE"
    await again.disconnect()
    before = fronts.fronts.passed()[kind]
    with pytest.raises(TelegramError) as never:
        await SignInClient(network, client.key, proxy=proxy_of(fronts, kind), allowed=lambda: allowed).connect()
    assert never.value.code == "CONNECTION_REFUSED_BY_LEASE"
    assert fronts.fronts.passed()[kind] == before


@pytest.mark.parametrize("padding", range(16))
def test_padding_of_any_length_is_taken_off(padding: int) -> None:
    """https://core.telegram.org/mtproto/mtproto-transports#padded-intermediate: 0 to 15 bytes."""
    noise = os.urandom(padding)
    encrypted = b"\1" + os.urandom(23) + os.urandom(16 * 5)
    plain = bytes(8) + os.urandom(8) + (40).to_bytes(4, "little") + os.urandom(40)
    error = (-404).to_bytes(4, "little", signed=True)
    assert without_padding(encrypted + noise) == encrypted
    assert without_padding(plain + noise) == plain
    assert without_padding(error + noise) == error


@pytest.fixture
def unlimited() -> Iterator[None]:
    """Other tests' proxies lie where they like."""
    yield
    limit_proxies(Reach())


@pytest.mark.parametrize("kind", KINDS)
async def test_no_proxy_leads_into_the_servers_own_network(
    network: Network, fronts: Sandbox, kind: str, unlimited: None
) -> None:
    proxy = proxy_of(fronts, kind)
    assert await code_of(network, fronts, replace(proxy, host="169.254.169.254")) == "PROXY_FORBIDDEN"
    own = replace(network, proxies=Reach(ours=frozenset({("localhost", proxy.port)})))
    own.install()
    assert await code_of(own, fronts, proxy) == "PROXY_FORBIDDEN"
    network.install()
    production = (2, "149.154.167.51", 443)
    with pytest.raises(TelegramError, match="PROXY_FORBIDDEN"):
        await measure(network, production, replace(proxy, host="localhost"), timeout=3)
    assert fronts.fronts.passed()[kind] == 0
    allowed = replace(network, proxies=Reach(private=True))
    allowed.install()
    fronts.fronts.cut_off(kind)  # nobody goes to Telegram from a test
    with pytest.raises(TelegramError, match=r"PROXY_(NO_WAY|SILENT)"):
        await measure(allowed, production, proxy, timeout=3)


async def test_nothing_runs_on_behind_a_stopped_data_centre(network: Network, fronts: Sandbox) -> None:
    clients = [SignInClient(network, None, proxy=proxy_of(fronts, kind)) for kind in KINDS]
    for client in clients:
        await client.connect()
    await fronts.stop()
    ours = [task for task in asyncio.all_tasks() if "proxy_servers" in repr(task)]
    for client in clients:
        await client.disconnect()
    assert ours == []
