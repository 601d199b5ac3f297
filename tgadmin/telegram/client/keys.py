"""An authorization key and the data centre that it belongs to."""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import dataclass, field, replace
from typing import Self

from tgadmin.core.ids import auth_key_id

DC_IDS = range(1, 2**15)
"""Numbers of data centres that can be kept; Telegram's are 1 to 5."""


@dataclass(frozen=True)
class Key:
    """An authorization key and the data centre that it belongs to. ``auth_key`` is 256 bytes, or empty before the key
    has been agreed upon. Its text form never shows the key."""

    dc_id: int
    server_address: str
    port: int
    auth_key: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if len(self.auth_key) not in (0, 256):
            raise ValueError("an authorization key has 256 bytes")

    @property
    def key_id(self) -> int:
        """Telegram's auth_key_id as a signed 64-bit number: a fact, not a secret. 0 before there is a key.

        The lower 64 bits of the key's SHA1 (https://core.telegram.org/mtproto/description#key-identifier-auth-key-id).
        """
        if not self.auth_key:
            return 0
        return auth_key_id(self.auth_key)

    @property
    def is_ipv6(self) -> bool:
        """Whether the data centre's address is an IPv6 address."""
        try:
            return ipaddress.ip_address(self.server_address).version == 6
        except ValueError:  # a name
            return False

    def with_auth_key(self, auth_key: bytes) -> Key:
        return replace(self, auth_key=auth_key)

    def to_json(self) -> dict[str, object]:
        """For encrypted storage: {"dc_id", "server_address", "port", "auth_key" (base64)}."""
        return {
            "dc_id": self.dc_id,
            "server_address": self.server_address,
            "port": self.port,
            "auth_key": base64.b64encode(self.auth_key).decode("ascii"),
        }

    @classmethod
    def from_json(cls, data: dict[str, object]) -> Self:
        """The inverse of to_json. Raises KeyError or ValueError, whose texts never hold the key."""
        try:
            auth_key = base64.b64decode(str(data["auth_key"]), validate=True)
        except ValueError:
            raise ValueError("the authorization key is not base64") from None
        return cls(int(str(data["dc_id"])), str(data["server_address"]), int(str(data["port"])), auth_key)
