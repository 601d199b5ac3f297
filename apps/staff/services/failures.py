"""Wrong sign-ins are counted by the minute, and told to the audit as one entry for each name, step and address.

A count is written at once, in a row of its own; when its minute is over, the next sign-in or the worker turns it into
an entry, which nobody can change. So a flood of sign-ins writes a bounded number of entries (MOST a minute, and one for
all the rest), and a process that dies loses none: the rows wait for the next.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.staff.models import Failures
from apps.staff.services.audit import audit
from tgadmin.core import origin

MOST = 50
"""Different ones of a minute that are told apart."""
MANY = 200
"""Counts that are told in one transaction."""
OTHERS = "(others)"


def count(action: str, username: str, step: str = "") -> None:
    """One more, from where the request comes."""
    now, came_from = timezone.now(), origin.current.get()
    minute = _minute(now)
    tell(minute)
    key: dict[str, Any] = {"minute": minute, "action": action, "username": username, "step": step}
    key["address"] = None if came_from is None else origin.network_of(came_from.address) or None
    if _add(key, now):
        return
    if Failures.objects.filter(minute=minute).count() >= MOST:
        key |= {"username": OTHERS, "step": "", "address": None}
    agent = "" if came_from is None or key["username"] == OTHERS else came_from.agent
    Failures.objects.get_or_create(**key, defaults={"agent": agent, "last_at": now})
    _add(key, now)


def _add(key: dict[str, Any], now: datetime) -> bool:
    """To the count that there is."""
    return Failures.objects.filter(**key).update(count=F("count") + 1, last_at=now) > 0


def tell(before: datetime | None = None) -> int:
    """Turns the counts of minutes that are over into entries; how many. Counts that another process is telling are left
    to it."""
    before = before or _minute(timezone.now())
    counted = 0
    while (some := _tell_some(before)) > 0:
        counted += some
    return counted


@transaction.atomic
def _tell_some(before: datetime) -> int:
    rows = Failures.objects.filter(minute__lt=before).order_by("minute", "pk")
    found = list(rows.select_for_update(skip_locked=True)[:MANY]) if rows.exists() else []
    for row in found:
        _tell(row)
    Failures.objects.filter(pk__in=[row.pk for row in found]).delete()
    return len(found)


def _tell(row: Failures) -> None:
    details: dict[str, Any] = {"user": row.username}
    if row.step:
        details["step"] = row.step
    details["count"] = row.count
    if row.action.endswith("locked_out"):
        details["minutes"] = settings.LOGIN_LOCK_MINUTES
    came_from = origin.Origin(row.address or "", row.agent, lambda: None)
    token = origin.current.set(came_from)  # from where it came, not from where it is written
    try:
        audit(None, row.action, at=row.last_at, **details)
    finally:
        origin.current.reset(token)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
