"""What is asked about staff's logins and second factors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken

from apps.staff.models import Authenticator, Login, Policy


class Missing(StrEnum):
    """What a login with a right password lacks still."""

    NOTHING = "nothing"
    CODE = "code"
    SECOND_FACTOR = "second_factor"


def is_required() -> bool:
    """Whether all staff need a second factor: by the environment, or by an administrator's switch."""
    return settings.SECOND_FACTOR_REQUIRED or Policy.objects.filter(second_factor_required=True).exists()


def missing(user: Any) -> Missing:
    """For a login whose second factor was not given. One query."""
    if not user.is_staff:
        return Missing.NOTHING
    required = Exists(Policy.objects.filter(second_factor_required=True))
    row = User.objects.filter(pk=user.pk).annotate(has=Exists(_devices()), must=required).values("has", "must").first()
    if row is None:
        return Missing.NOTHING
    if row["has"]:
        return Missing.CODE
    return Missing.SECOND_FACTOR if row["must"] or settings.SECOND_FACTOR_REQUIRED else Missing.NOTHING


def _devices() -> Any:
    return Authenticator.objects.filter(user_id=OuterRef("pk"), confirmed=True)


def lacks_second_factor_sql() -> str:
    """True of a user ``u`` (auth_user) who has none though all staff need one (for rights.lack_sql)."""
    required = "EXISTS (SELECT 1 FROM staff_policy y WHERE y.second_factor_required)"
    if settings.SECOND_FACTOR_REQUIRED:
        required = "TRUE"
    return f"{required} AND NOT EXISTS (SELECT 1 FROM staff_authenticators d WHERE d.user_id = u.id AND d.confirmed)"  # noqa: S608


def good_logins(digests: Iterable[str]) -> set[str]:
    """Those of the logins (by digest) that are still good: not ended, and the second factor given where one is needed.
    One query for any number, asked for each page that comes and every second for those that are there."""
    with connection.cursor() as cursor:
        cursor.execute(_GOOD, [list(digests), timezone.now(), settings.SECOND_FACTOR_REQUIRED])
        return {digest for (digest,) in cursor.fetchall()}


_GOOD = """
SELECT l.session_key FROM staff_logins l
WHERE l.session_key = ANY(%s) AND l.expire_date > %s AND (l.verified OR NOT (
    %s OR EXISTS (SELECT 1 FROM staff_authenticators d WHERE d.user_id = l.user_id AND d.confirmed)
    OR EXISTS (SELECT 1 FROM staff_policy WHERE second_factor_required)))
"""


def logins_of(user: User) -> list[Login]:
    return list(Login.objects.filter(user_id=user.pk, expire_date__gt=timezone.now()).order_by("-expire_date"))


def authenticator_of(user: User) -> Authenticator | None:
    found: Authenticator | None = Authenticator.objects.filter(user=user, confirmed=True).first()
    return found


def users_with_second_factor() -> set[int]:
    return set(Authenticator.objects.filter(confirmed=True).values_list("user_id", flat=True))


def recovery_codes_left(user: User) -> int:
    return int(StaticToken.objects.filter(device__user=user, device__confirmed=True).count())


# --- lock-outs ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LockOut:
    """Wrong sign-ins under a name from an address. ``until``: when it may be tried again; None: it may be now."""

    pk: int
    username: str
    address: str
    failures: int
    last: datetime
    until: datetime | None


def lock_out_time() -> timedelta:
    return timedelta(minutes=settings.LOGIN_LOCK_MINUTES)


def locked_until(username: str, address: str) -> datetime | None:
    """Until when nobody may sign in under that name from there: the name is locked there, or the whole address."""
    return max(filter(None, (name_locked_until(username, address), address_locked_until(address))), default=None)


def name_locked_until(username: str, address: str) -> datetime | None:
    """Until when that name is locked from there."""
    rows = AccessAttempt.objects.filter(username=username, ip_address=address or None)
    return _until(rows.order_by("-attempt_time"), settings.AXES_FAILURE_LIMIT)


def address_locked_until(address: str) -> datetime | None:
    """Until when nobody may sign in from there, under whatever name."""
    if not address:
        return None  # of whom no address is known are not all one
    limit = settings.LOGIN_FAILURES_PER_ADDRESS  # more rows cannot matter
    rows = AccessAttempt.objects.filter(ip_address=address, attempt_time__gt=timezone.now() - lock_out_time())
    return _until(rows.order_by("-attempt_time")[:limit], limit)


def _until(rows: Iterable[AccessAttempt], limit: int) -> datetime | None:
    """Rows (one for each browser) newest first: locked while those within the time hold enough failures."""
    failures, since = 0, timezone.now() - lock_out_time()
    last: datetime
    for row in rows:
        last = row.attempt_time
        if last <= since:
            break
        failures += row.failures_since_start
        if failures >= limit:
            return last + lock_out_time()
    return None


def lock_outs(usernames: Iterable[str] | None = None) -> list[LockOut]:
    """Every name and address with wrong sign-ins within the time, the last one first. One query."""
    rows = AccessAttempt.objects.filter(attempt_time__gt=timezone.now() - lock_out_time()).order_by("-attempt_time")
    if usernames is not None:
        rows = rows.filter(username__in=list(usernames))
    found: dict[tuple[str, str], list[AccessAttempt]] = {}
    for row in rows:
        found.setdefault((row.username or "", row.ip_address or ""), []).append(row)
    return [
        LockOut(
            pk=same[0].pk,
            username=username,
            address=address,
            failures=sum(row.failures_since_start for row in same),
            last=same[0].attempt_time,
            until=_until(same, settings.AXES_FAILURE_LIMIT),
        )
        for (username, address), same in found.items()
    ]
