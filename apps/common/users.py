"""What is asked of any user, whatever the subject: whether they are staff, and how a refusal is told."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied

AnyUser = User | AnonymousUser


class Forbidden(PermissionDenied):
    """The user lacks the right, or the session does not exist: both answer alike, so nobody learns which ids do."""

    def __init__(self) -> None:
        self.says = "There is no such account, or you may not do that with it."
        super().__init__(self.says)


def is_staff(user: AnyUser) -> bool:
    return bool(user.is_active and user.is_staff)
