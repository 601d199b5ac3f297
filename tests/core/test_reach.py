"""Where a proxy may lie: never where the server's own network is looked at through it."""

import pytest

from tgadmin.core.reach import Reach, is_private, services

pytestmark = pytest.mark.pure
PUBLIC = ["149.154.167.51", "8.8.8.8", "2001:67c:4e8:f002::a", "::ffff:8.8.8.8"]
PRIVATE = [
    "127.0.0.1", "127.9.9.9", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
]  # fmt: skip
NEVER = [
    "169.254.169.254", "fe80::1", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "100.100.100.200",
    "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "192.0.0.192",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert Reach().allows(address, 1080)
    assert not is_private(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_ones_if_it_was_said_so(address: str) -> None:
    assert not Reach().allows(address, 1080)
    assert Reach(private=True).allows(address, 1080)
    assert is_private(address)


@pytest.mark.parametrize("address", NEVER)
def test_some_never(address: str) -> None:
    assert not Reach().allows(address, 1080)
    assert not Reach(private=True).allows(address, 1080)


def test_our_own_services_are_no_proxies() -> None:
    urls = [
        "postgres://a:b@127.0.0.1:5433/x",
        "redis://:c@localhost/0",
        "http://0.0.0.0:8000",
        "http://10.1.1.1:81",
        "",
    ]
    own = services(urls)
    assert own == {("127.0.0.1", 5433), ("localhost", 6379), ("0.0.0.0", 8000), ("10.1.1.1", 81)}
    reach = Reach(private=True, ours=own)
    for address, port in [
        ("127.0.0.1", 5433), ("127.5.5.5", 5433), ("::1", 5433), ("127.0.0.1", 6379), ("127.0.0.1", 8000),
        ("::ffff:127.0.0.1", 8000), ("10.1.1.1", 81),
    ]:  # fmt: skip
        assert not reach.allows(address, port), (address, port)
    assert reach.allows("127.0.0.1", 9050)
    assert reach.allows("10.1.1.1", 80)
