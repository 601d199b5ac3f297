"""Background tasks of the sessions app; each parses nothing, calls one service, reports."""

from __future__ import annotations

from apps.sessions.services import devices
from tgadmin.core.tasks import task


@task
def refresh_devices() -> int:
    return devices.refresh_stale()
