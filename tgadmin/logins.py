"""Where staff's logins are kept: Django's table. A cookie that cannot be a key of ours is no login, rather than a query
that PostgreSQL refuses (quoted cookies may hold any byte, NUL too)."""

from __future__ import annotations

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key and key.isascii() and key.isalnum() and super()._validate_session_key(key))  # type: ignore[misc]
