"""An account's authorizations."""

from __future__ import annotations

from typing import Any

from tgadmin.core.bounds import fit
from tgadmin.core.types import Device, Devices


def devices(answer: Any) -> Devices:
    """account.authorizations as a core value."""
    return fit(Devices(answer.authorization_ttl_days, tuple(_device(each) for each in answer.authorizations)))


def _device(found: Any) -> Device:
    return Device(
        hash=0 if found.current else found.hash,
        device_model=found.device_model or "",
        platform=found.platform or "",
        system_version=found.system_version or "",
        app_name=found.app_name or "",
        app_version=found.app_version or "",
        api_id=found.api_id,
        ip=found.ip or "",
        country=found.country or "",
        region=found.region or "",
        signed_in_at=found.date_created,
        active_at=found.date_active,
        is_pending=bool(found.password_pending),
        is_unconfirmed=bool(found.unconfirmed),
        is_official=bool(found.official_app),
    )
