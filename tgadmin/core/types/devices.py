"""An account's authorizations, which people know as devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tgadmin.core.bounds import INT, Whole
from tgadmin.core.types.ranges import Label, Long, Moment, Word


@dataclass(frozen=True, slots=True)
class Device:
    """One authorization of an account (account.getAuthorizations). ``hash`` 0 is the one that asks."""

    hash: Long
    device_model: Label
    platform: Word
    system_version: Word
    app_name: Label
    app_version: Word
    api_id: Annotated[int, Whole(-INT - 1, INT, clamp=True)]
    ip: Word
    country: Word
    region: Word
    signed_in_at: Moment
    active_at: Moment
    is_pending: bool = False
    is_unconfirmed: bool = False
    is_official: bool = False


@dataclass(frozen=True, slots=True)
class Devices:
    """All authorizations of an account. ``ttl_days``: unused for so long, Telegram ends one."""

    ttl_days: Annotated[int, Whole(0, 32_767, clamp=True)]
    devices: tuple[Device, ...]
