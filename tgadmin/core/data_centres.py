"""Telegram's data centres: the addresses that clients have built in, and which network an address belongs to.

The same data centre has had other addresses in other years, and has others in other regions: help.getConfig says the
present ones. So a session's data centre is known by its number; its address only tells the test environment, or a
server of somebody's own, from production. https://core.telegram.org/api/datacenter
"""

from __future__ import annotations

import ipaddress

PRODUCTION: dict[int, str] = {
    1: "149.154.175.53",
    2: "149.154.167.51",
    3: "149.154.175.100",
    4: "149.154.167.91",
    5: "91.108.56.130",
}
TEST: dict[int, str] = {1: "149.154.175.10", 2: "149.154.167.40", 3: "149.154.175.117"}

_TEST_ADDRESSES = frozenset(
    ipaddress.ip_address(each)
    for each in (*TEST.values(), "2001:b28:f23d:f001::e", "2001:67c:4e8:f002::e", "2001:b28:f23d:f003::e")
)
_TELEGRAMS = tuple(
    ipaddress.ip_network(each)
    for each in (
        "91.105.192.0/23", "91.108.0.0/16", "95.161.64.0/20", "149.154.160.0/20", "185.76.151.0/24",
        "2001:67c:4e8::/48", "2001:b28:f23c::/46", "2a0a:f280::/32",
    )
)  # fmt: skip
"""https://core.telegram.org/resources/cidr.txt, and what the networks had in earlier years."""


def is_test(address: str) -> bool:
    """Whether an IP address is one of Telegram's test environment's."""
    try:
        return ipaddress.ip_address(address) in _TEST_ADDRESSES
    except ValueError:
        return False


def is_telegrams(address: str) -> bool:
    """Whether an IP address lies in Telegram's own networks."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found.version == each.version and found in each for each in _TELEGRAMS)


def same_network(session: str, own: str | None) -> bool:
    """Whether a session that names the address ``session`` may be of the network that begins at the address ``own``,
    None for production.

    Production's sessions name any address that is public, since programs may keep what a relay told them; but not one
    of the test environment's, which belongs to that alone. A server of somebody's own has no session that names one of
    Telegram's addresses.
    """
    if own is not None and is_test(own):
        return is_test(session)
    if own is None:
        return not is_test(session) and _is_public(session)
    return not is_telegrams(session)


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return True  # a name, as GramJS keeps
