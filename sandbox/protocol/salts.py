"""Server salts: which one a key has to use now, which are still accepted, and which will come.

A salt is used for 30 minutes and accepted for 30 more. https://core.telegram.org/mtproto/description#server-salt
They are derived from the key and the hour, so that nothing needs to be stored and a restart changes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import struct

from sandbox.protocol.keys import AuthKey

PERIOD = 1800
GRACE = 1800


def current(key: AuthKey, now: float) -> int:
    """The salt that the key is to use at ``now`` (unix seconds)."""
    return _salt(key, int(now) // PERIOD)


def accepted(key: AuthKey, salt: int, now: float) -> bool:
    """Whether a message with this salt is executed: the current, the last and the very first one are."""
    period = int(now) // PERIOD
    if salt in (_salt(key, period), _salt(key, period - 1)):
        return True
    return bool(key.first_salt) and salt == key.first_salt and now < key.created + PERIOD + GRACE


def future(key: AuthKey, now: float, count: int) -> list[tuple[int, int, int]]:
    """(valid_since, valid_until, salt) of the current and the next ``count - 1`` salts."""
    first = int(now) // PERIOD
    return [
        (period * PERIOD, (period + 1) * PERIOD + GRACE, _salt(key, period)) for period in range(first, first + count)
    ]


def _salt(key: AuthKey, period: int) -> int:
    digest = hmac.new(key.key, b"server salt" + struct.pack("<q", period), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "little", signed=True)
