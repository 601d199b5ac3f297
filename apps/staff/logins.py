"""Where staff's logins are kept (SESSION_ENGINE): a table of our own, which knows whose they are and when they end.

A login ends LOGIN_IDLE_HOURS after its last use, and LOGIN_DAYS after the password was given in any case. A cookie that
cannot be a key of ours is no login, rather than a query that PostgreSQL refuses (quoted cookies may hold any byte).

The cookie holds a login's key; the table, its *digest* only. Whoever reads the table, a dump or a backup of it has no
cookie, and can make none. What lives beside the table (live sockets, their slots) knows a login by its digest too.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_otp import DEVICE_ID_SESSION_KEY

from tgadmin.core import origin

if TYPE_CHECKING:
    from apps.staff.models import Login

BEGAN = "began"
"""In a login's data: when the password was given (seconds since the epoch)."""
CONFIRMED = "confirmed"
"""In a login's data: when its user last showed that it is them (seconds since the epoch; apps/staff/confirming.py)."""
DIGEST_LENGTH = 40
"""Hexadecimal digits, as wide as Django's column: 160 of SHA-256's bits, where a key has 165."""
FRESH = timedelta(seconds=60)
"""A use is written down when the last one written is older."""


def idle() -> timedelta:
    return timedelta(hours=settings.LOGIN_IDLE_HOURS)


def longest() -> timedelta:
    return timedelta(days=settings.LOGIN_DAYS)


def digest_of(key: str) -> str:
    """What is kept of a login's key: keyed by SECRET_KEY, which is not in the database."""
    return str(salted_hmac("apps.staff.logins", key, algorithm="sha256").hexdigest())[:DIGEST_LENGTH]


class SessionStore(db.SessionStore):
    """Django's, with a digest wherever its own would have the key in a statement."""

    row: Login | None = None
    """As it was read; None before, and where there is none."""

    @property
    def digest(self) -> str | None:
        """By what the table knows this login; None for no login."""
        return None if self.session_key is None else digest_of(self.session_key)

    @classmethod
    def get_model_class(cls) -> type[Login]:
        from apps.staff.models import Login

        return Login

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key and key.isascii() and key.isalnum() and super()._validate_session_key(key))  # type: ignore[misc]

    def _get_session_from_db(self) -> Login | None:
        rows = self.get_model_class().objects
        self.row = rows.filter(session_key=self.digest, expire_date__gt=timezone.now()).first() if self.digest else None
        if self.row is None:
            self._session_key = None  # as Django: no key that is not ours is taken on
        return self.row

    async def _aget_session_from_db(self) -> Login | None:
        return await sync_to_async(self._get_session_from_db)()

    def exists(self, session_key: str) -> bool:
        return self.get_model_class().objects.filter(session_key=digest_of(session_key)).exists()

    async def aexists(self, session_key: str) -> bool:
        return await sync_to_async(self.exists)(session_key)

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            self.get_model_class().objects.filter(session_key=digest_of(key)).delete()

    async def adelete(self, session_key: str | None = None) -> None:
        await sync_to_async(self.delete)(session_key)

    def _began(self, data: dict[str, Any]) -> datetime:
        return datetime.fromtimestamp(float(data.get(BEGAN) or time.time()), UTC)

    def create_model_instance(self, data: dict[str, Any]) -> Login:
        user_id = data.get(SESSION_KEY)
        if user_id is not None:
            data.setdefault(BEGAN, time.time())
        began, came_from = self._began(data), origin.current.get()
        return self.get_model_class()(
            session_key=digest_of(self._get_or_create_session_key()),  # type: ignore[attr-defined]
            session_data=self.encode(data),
            expire_date=min(timezone.now() + idle(), began + longest()),
            user_id=None if user_id is None else int(user_id),
            verified=DEVICE_ID_SESSION_KEY in data,
            began_at=began,
            address=None if came_from is None else came_from.address or None,
            agent="" if came_from is None else came_from.agent,
        )

    async def acreate_model_instance(self, data: dict[str, Any]) -> Login:
        return await sync_to_async(self.create_model_instance)(data)

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


def use_digest(digest: str) -> None:
    """The same, of a login that a socket was opened with."""
    row = SessionStore.get_model_class().objects.filter(pk=digest, expire_date__gt=timezone.now()).first()
    if row is not None:
        use(row)
