"""Which Telegram one talks to: production, its test environment, or a data centre of one's own."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tgadmin.core import data_centres
from tgadmin.core.errors import UserError
from tgadmin.core.reach import Reach
from tgadmin.telegram._telethon import add_rsa_key, limit_proxies
from tgadmin.telegram.client.keys import Key

PRODUCTION_DC = (2, data_centres.PRODUCTION[2], 443)
"""Where Telegram's official clients begin (https://core.telegram.org/api/datacenter)."""

_DC = re.compile(r"^(\d+)@(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d+)$")


@dataclass(frozen=True)
class Network:
    """A Telegram environment: the application's credentials there, where to begin, and its RSA key.

    ``dc`` None is Telegram's production. ``public_key`` is PEM text (PKCS#1), None for those that Telethon knows.
    ``local_address`` is the IP address that connections come from, None for whatever the system chooses; ``proxies``
    says where accounts' proxies may lie.
    A process serves one environment only: RSA keys are process-wide in Telethon.
    """

    api_id: int
    api_hash: str = field(repr=False)
    dc: tuple[int, str, int] | None = None
    public_key: str | None = field(default=None, repr=False)
    local_address: str | None = None
    proxies: Reach = field(default_factory=Reach)

    @classmethod
    def parse(
        cls,
        api_id: int | str,
        api_hash: str,
        dc: str = "",
        public_key_path: str = "",
        local_address: str = "",
        proxies: Reach = Reach(),  # noqa: B008 - it does not change
    ) -> Self:
        """From the environment's values: ``dc`` is ``ID@host:port`` or empty, ``public_key_path`` a PEM file or empty,
        ``local_address`` an IP address or empty.

        Raises UserError (which names what is wrong, not its value) and OSError for the file.
        """
        try:
            number = int(api_id)
        except ValueError:
            raise _misconfigured("the API id is not a number") from None
        if number <= 0 or not api_hash:
            raise _misconfigured("the API id or hash is missing")
        public_key = Path(public_key_path).read_text("ascii") if public_key_path else None
        if public_key is not None and "BEGIN RSA PUBLIC KEY" not in public_key:
            raise _misconfigured("the data centre's public key is not a PKCS#1 PEM file (BEGIN RSA PUBLIC KEY)")
        if local_address and not is_address(local_address):
            raise _misconfigured("the source address of connections is not an IP address")
        return cls(number, api_hash, parse_dc(dc) if dc else None, public_key, local_address or None, proxies)

    def install(self) -> None:
        """Make the environment's RSA key, and where proxies may lie, known to this process. Calling it again does no
        harm."""
        limit_proxies(self.proxies)
        if self.public_key is not None:
            add_rsa_key(self.public_key)

    def may_hold(self, address: str) -> bool:
        """Whether another program's session that names this address may be of this network: its data centre is known
        by its number, whose addresses differ by year and region."""
        return data_centres.same_network(address, self.dc[1] if self.dc is not None else None)

    def first_key(self) -> Key:
        """Where a new sign-in begins: the first data centre, without a key yet."""
        return Key(*(self.dc or PRODUCTION_DC))


def _misconfigured(what: str) -> UserError:
    return UserError("CONFIGURATION_INVALID", f"Telegram is not configured: {what}.")


def parse_dc(text: str) -> tuple[int, str, int]:
    """``2@127.0.0.1:8443`` as (id, host, port). Raises UserError."""
    found = _DC.match(text)
    if found is None:
        raise _misconfigured("a data centre is written ID@host:port")
    dc_id, host, port = int(found[1]), found[2].strip("[]"), int(found[3])
    if not 1 <= dc_id <= 0x7FFF or not 1 <= port <= 65535:
        raise _misconfigured("a data centre is written ID@host:port")
    return dc_id, host, port


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
