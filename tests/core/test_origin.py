"""Whose address counts behind proxies, and what is kept of a browser's name."""

from __future__ import annotations

import pytest

from tgadmin.core.origin import AGENT_LENGTH, client_address, network_of, short_agent

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "expected"),
    [
        ("192.0.2.1", "", 0, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", 0, "192.0.2.1"),  # nobody's header is believed by default
        ("10.0.0.1", "198.51.100.7", 1, "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", 1, "198.51.100.7"),  # the first was written by the client
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", 2, "198.51.100.7"),
        ("192.0.2.1", "198.51.100.7", 2, "192.0.2.1"),  # passed by a proxy
        ("10.0.0.1", "", 1, "10.0.0.1"),
        ("10.0.0.1", "unknown", 1, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7:4711", 1, "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::1]:4711", 1, "2001:db8::1"),
        ("10.0.0.1", "2001:DB8:0::1", 1, "2001:db8::1"),
        ("::ffff:192.0.2.1", "", 0, "192.0.2.1"),
        ("fe80::1%eth0", "", 0, "fe80::1"),
        ("", "", 0, ""),
        ("10.0.0.1", " , ,198.51.100.7, ", 1, "198.51.100.7"),
    ],
)
def test_the_clients_address(remote: str, forwarded: str, proxies: int, expected: str) -> None:
    assert client_address(remote, forwarded, proxies) == expected


def test_what_one_client_can_have() -> None:
    assert network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::9") == "2001:db8:1:2::"
    assert network_of("2001:db8:1:3::9") != network_of("2001:db8:1:2::9")
    assert network_of("nowhere") == ""


def test_a_browsers_name_is_plain_and_short() -> None:
    assert short_agent("Mozilla/5.0\x1b[2J\n(X11)  x") == "Mozilla/5.0 [2J (X11) x"
    assert len(short_agent("x" * 5000)) == AGENT_LENGTH
    assert short_agent("") == ""
