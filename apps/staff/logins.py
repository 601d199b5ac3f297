"""Where staff's logins are kept (SESSION_ENGINE): a table of our own, which knows whose they are and when they end.

A login ends LOGIN_IDLE_HOURS after its last use, and LOGIN_DAYS after the password was given in any case. A cookie that
cannot be a key of ours is no login, rather than a query that PostgreSQL refuses (quoted cookies may hold any byte).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from tgadmin.core import origin

if TYPE_CHECKING:
    from apps.staff.models import Login

BEGAN = "began"
"""In a login's data: when the password was given (seconds since the epoch)."""
FRESH = timedelta(seconds=60)
"""A use is written down when the last one written is older."""


def idle() -> timedelta:
    return timedelta(hours=settings.LOGIN_IDLE_HOURS)


def longest() -> timedelta:
    return timedelta(days=settings.LOGIN_DAYS)


class SessionStore(db.SessionStore):
    row: Login | None = None
    """As it was read; None before, and where there is none."""

    @classmethod
    def get_model_class(cls) -> type[Login]:
        from apps.staff.models import Login

        return Login

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key and key.isascii() and key.isalnum() and super()._validate_session_key(key))  # type: ignore[misc]

    def _get_session_from_db(self) -> Login | None:
        self.row = super()._get_session_from_db()  # type: ignore[misc]
        return self.row

    def _began(self, data: dict[str, Any]) -> datetime:
        return datetime.fromtimestamp(float(data.get(BEGAN) or time.time()), UTC)

    def create_model_instance(self, data: dict[str, Any]) -> Login:
        user_id = data.get(SESSION_KEY)
        if user_id is not None:
            data.setdefault(BEGAN, time.time())
        began, whence = self._began(data), origin.current.get()
        return self.get_model_class()(
            session_key=self._get_or_create_session_key(),  # type: ignore[attr-defined]
            session_data=self.encode(data),
            expire_date=min(timezone.now() + idle(), began + longest()),
            user_id=None if user_id is None else int(user_id),
            verified=DEVICE_ID_SESSION_KEY in data,
            began_at=began,
            address=None if whence is None else whence.address or None,
            agent="" if whence is None else whence.agent,
        )

    def get_expiry_age(self, **kwargs: Any) -> int:
        """Of the cookie: as long as the login can last at most; the table knows the rest."""
        left = self._began(self._session) + longest() - timezone.now()  # type: ignore[attr-defined]
        return max(0, int(left.total_seconds()))

    def use(self) -> None:
        """The login is being used: it ends later, not beyond its absolute limit."""
        if self.row is not None:
            use(self.row)


def use(row: Login) -> None:
    until = min(timezone.now() + idle(), row.began_at + longest())
    if until - row.expire_date > FRESH:
        type(row).objects.filter(pk=row.pk).update(expire_date=until)


def use_key(session_key: str) -> None:
    """The same, of a login that a socket was opened with."""
    row = SessionStore.get_model_class().objects.filter(pk=session_key, expire_date__gt=timezone.now()).first()
    if row is not None:
        use(row)
