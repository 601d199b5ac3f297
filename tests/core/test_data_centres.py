"""Which network a session is of: known by the number of its data centre, not by addresses that change."""

from __future__ import annotations

import pytest

from tgadmin.core.data_centres import PRODUCTION, TEST, is_telegrams, is_test, same_network

pytestmark = pytest.mark.pure

SANDBOX = "127.0.0.1"


@pytest.mark.parametrize(
    "address",
    [*PRODUCTION.values(), "91.108.56.165", "149.154.175.54", "149.154.167.41", "149.154.175.59",
     "2001:67c:4e8:f002::a", "2001:067C:04E8:F002:0000:0000:0000:000A", "2001:b28:f23f:f005::a", "95.161.76.100",
     "8.8.8.8", "venus.web.telegram.org"],
)  # fmt: skip
def test_of_production(address: str) -> None:
    assert same_network(address, None)
    assert not is_test(address)


@pytest.mark.parametrize("address", [*TEST.values(), "2001:67c:4e8:f002::e", "2001:067c:4e8:f002:0:0:0:e"])
def test_of_the_test_environment(address: str) -> None:
    assert not same_network(address, None)
    assert same_network(address, TEST[2])
    assert not same_network(address, SANDBOX)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "::1", "192.168.1.9"])
def test_of_a_server_of_ones_own(address: str) -> None:
    assert same_network(address, SANDBOX)
    assert not same_network(address, None)
    assert not same_network(address, TEST[1])


@pytest.mark.parametrize("address", ["149.154.167.51", "2001:67c:4e8:f002::a"])
def test_a_server_of_ones_own_takes_no_session_of_telegrams(address: str) -> None:
    assert not same_network(address, SANDBOX)


def test_the_networks_hold_the_addresses() -> None:
    assert all(map(is_telegrams, [*PRODUCTION.values(), *TEST.values()]))
    assert not any(map(is_telegrams, ["127.0.0.1", "8.8.8.8", "", "x"]))
