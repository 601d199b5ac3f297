"""Where an action comes from: the address behind trusted proxies, the browser, or the process that did it by itself.

``current`` is set for the length of a request; whatever is recorded meanwhile can say from where it came.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

AGENT_LENGTH = 160


@dataclass(frozen=True, slots=True)
class Origin:
    """``address``: an IP address, or empty; ``agent``: the browser's name for itself, shortened; ``user``: gives who is
    signed in, or None; ``confirmed``: whether they have shown a moment ago that it is them."""

    address: str
    agent: str
    user: Callable[[], Any]
    confirmed: Callable[[], bool] = lambda: False


current: ContextVar[Origin | None] = ContextVar("origin", default=None)


def client_address(remote: str, forwarded: str, proxies: int) -> str:
    """The client's IP address; empty when there is none.

    ``remote``: who is connected; ``forwarded``: the X-Forwarded-For header; ``proxies``: how many proxies of ours stand
    in front, each of which appends whom it saw. What stands before their entries anybody may have written: it is not
    looked at. With fewer entries than proxies the request has passed by them: ``remote`` is what is known.
    """
    seen = [part.strip() for part in forwarded.split(",") if part.strip()]
    if 0 < proxies <= len(seen):
        found = _address(seen[-proxies])
        if found:
            return found
    return _address(remote)


def _address(text: str) -> str:
    """An address without its port and brackets, in its usual form; empty for what is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def network_of(address: str) -> str:
    """What one client can have for itself: an IPv4 address, or the first address of an IPv6 /64; empty for none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False).network_address)


def short_agent(text: str) -> str:
    """A User-Agent header without control characters, shortened."""
    plain = "".join(char if char.isprintable() else " " for char in text[: AGENT_LENGTH * 2])
    return " ".join(plain.split())[:AGENT_LENGTH]
