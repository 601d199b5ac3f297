"""Showing again that it is oneself: by the second factor of who has one, by the password of who has none.

Guesses are limited for each user, from wherever they come: an authenticator makes one wait by itself
(``Authenticator``), and of passwords so many are taken within a time as of sign-ins from one address. Each is counted
before it is looked at, so that many at once are no way around. Only who has a login of the user's can guess here:
strangers keep nobody from it.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from apps.staff.models import ConfirmationTries
from apps.staff.services import passwords, second_factor
from apps.staff.services.audit import audit
from apps.staff.services.second_factor import Refused


def by_code(user: User, token: str) -> bool:
    """Whether it is a code of the user's second factor. Raises Refused while too many were wrong."""
    return second_factor.verify(user, token, audit_as="login.confirmed") is not None


def by_password(user: User, password: str) -> bool:
    """Whether it is the user's password. Raises Refused while too many were wrong."""
    _count(user)
    if not passwords.check(user, password):
        return False
    with transaction.atomic():
        ConfirmationTries.objects.filter(user=user).delete()
        audit(user, "login.confirmed", by="password")
    return True


@transaction.atomic
def _count(user: User) -> None:
    ConfirmationTries.objects.get_or_create(user=user)
    tries = ConfirmationTries.objects.select_for_update().get(user=user)
    now, time = timezone.now(), timedelta(minutes=settings.LOGIN_LOCK_MINUTES)
    if tries.last_at <= now - time:
        tries.count = 0
    if tries.count >= settings.AXES_FAILURE_LIMIT:
        raise Refused("Too many wrong passwords: wait before the next try.", tries.last_at + time)
    tries.count, tries.last_at = tries.count + 1, now
    tries.save()
