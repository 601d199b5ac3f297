"""Accounts in the admin, a module a subject."""

from apps.sessions.admin import audit, grants, operations, sessions, timeline  # noqa: F401  they register themselves
