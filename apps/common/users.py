"""What is asked of any user, whatever the subject: whether they are staff, and how a refusal is told."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied

from tgadmin.core.errors import UserError

AnyUser = User | AnonymousUser


class Forbidden(UserError, PermissionDenied):
    """The user lacks the right, or the session does not exist: both answer alike, so nobody learns which ids do."""

    code = "FORBIDDEN"

    def __init__(self) -> None:
        super().__init__(self.code, "There is no such account, or you may not do that with it.")


def is_staff(user: AnyUser) -> bool:
    return bool(user.is_active and user.is_staff)
