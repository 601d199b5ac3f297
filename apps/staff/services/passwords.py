"""The one place that looks whether a password is a user's."""

from __future__ import annotations

from django.contrib.auth.models import User


def check(user: User, password: str) -> bool:
    """Takes as long as hashing takes; may store the same password hashed better. Call it in no transaction."""
    return user.check_password(password)
