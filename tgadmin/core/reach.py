"""Where a proxy may lie: what staff enter must not lead into the server's own network.

The gateway connects to the address that a manager typed, and tells them how that went. Without limits it would look at
anything that the server can reach: its databases, the cloud's metadata service, its neighbours.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

_METADATA = {ipaddress.ip_address(text) for text in ("100.100.100.200", "fd00:ec2::254", "192.0.0.192")}
"""Metadata services that lie outside the link-local networks: of Alibaba, Amazon, Oracle."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_DEFAULT_PORTS = {"postgres": 5432, "postgresql": 5432, "pgsql": 5432, "redis": 6379, "rediss": 6379, "unix": 0}

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Reach:
    """``private``: whether proxies may lie in private networks and on this host. ``ours``: (host, port) of our own
    services, which are no proxies in any case."""

    private: bool = False
    ours: frozenset[tuple[str, int]] = frozenset()

    def allows(self, address: str, port: int) -> bool:
        """Whether a connection may be made to this IP address, the one that a name has been resolved to."""
        found = _embedded(ipaddress.ip_address(address))
        if found in _METADATA or found.is_link_local or found.is_multicast or found.is_unspecified:
            return False
        if not self.private and not found.is_global:
            return False
        return not any(port == own_port and _is_at(host, found) for host, own_port in self.ours)


def services(urls: Iterable[str]) -> frozenset[tuple[str, int]]:
    """(host, port) of the services with these addresses; those without a host or a port have none."""
    parts = [urlsplit(url) for url in urls if url]
    found = ((part.hostname or "", part.port or _DEFAULT_PORTS.get(part.scheme, 0)) for part in parts)
    return frozenset((host, port) for host, port in found if host and port)


def is_private(host: str) -> bool:
    """Whether a host given by its address lies in a private network, or on this host."""
    try:
        return not _embedded(ipaddress.ip_address(host)).is_global
    except ValueError:
        return host == "localhost"


def _is_at(host: str, address: Address) -> bool:
    """Of a service on this host every loopback address counts."""
    if host == "localhost":
        return address.is_loopback
    try:
        own = _embedded(ipaddress.ip_address(host))
    except ValueError:
        return False
    return own == address or (address.is_loopback and (own.is_loopback or own.is_unspecified))


def _embedded(address: Address) -> Address:
    """The IPv4 address within one of IPv6's forms that lead to it."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
