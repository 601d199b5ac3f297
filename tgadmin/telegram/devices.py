"""An account's authorizations: https://core.telegram.org/api/auth#session-management"""

from __future__ import annotations

from typing import Any

from tgadmin.core.types import Device, Devices
from tgadmin.telegram.convert import clean


def devices(answer: Any) -> Devices:
    """account.authorizations as a core value."""
    return Devices(answer.authorization_ttl_days, tuple(_device(each) for each in answer.authorizations))


def _device(found: Any) -> Device:
    return Device(
        hash=0 if found.current else found.hash,
        device_model=clean(found.device_model),
        platform=clean(found.platform),
        system_version=clean(found.system_version),
        app_name=clean(found.app_name),
        app_version=clean(found.app_version),
        api_id=found.api_id,
        ip=clean(found.ip),
        country=clean(found.country),
        region=clean(found.region),
        signed_in_at=found.date_created,
        active_at=found.date_active,
        is_pending=bool(found.password_pending),
        is_unconfirmed=bool(found.unconfirmed),
        is_official=bool(found.official_app),
    )
