"""Logins are ended, lock-outs lifted."""

from __future__ import annotations

from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.db import transaction

from apps.common.users import Forbidden
from apps.staff.models import Login
from apps.staff.services.audit import audit


@transaction.atomic
def end_others(user: User, keep: str | None) -> int:
    """Ends the user's logins but the one of that digest; how many. Live pages of the others close within a second."""
    ended, _ = Login.objects.filter(user_id=user.pk).exclude(pk=keep or "").delete()
    if ended:
        audit(user, "login.others_ended", user=user.get_username(), count=ended)
    return ended


@transaction.atomic
def end_all(by: User, user: User) -> int:
    """Signs a colleague out everywhere. Raises Forbidden."""
    if not (by.is_active and by.is_superuser):
        raise Forbidden
    ended, _ = Login.objects.filter(user_id=user.pk).delete()
    audit(by, "login.all_ended", user=user.get_username(), count=ended)
    return ended


@transaction.atomic
def unlock(by: User | None, username: str, address: str | None = None) -> int:
    """Forgets wrong sign-ins under that name, from that address or from everywhere; how many browsers'. ``by``: a
    superuser, or None at the shell. Raises Forbidden."""
    if by is not None and not (by.is_active and by.is_superuser):
        raise Forbidden
    rows = AccessAttempt.objects.filter(username=username)
    if address is not None:
        rows = rows.filter(ip_address=address or None)
    count, _ = rows.delete()
    if count:
        known = User.objects.filter(username=username).exists()
        audit(by, "login.unlocked", user=username if known else "(no such user)", address=address or "everywhere")
    return int(count)


@transaction.atomic
def unlock_address(by: User | None, address: str) -> int:
    """Forgets wrong sign-ins from that address, under any name; how many names' and browsers'. ``by``: as above. Raises
    Forbidden."""
    if by is not None and not (by.is_active and by.is_superuser):
        raise Forbidden
    count, _ = AccessAttempt.objects.filter(ip_address=address).delete()
    if count:
        audit(by, "login.unlocked", user="(any)", address=address)
    return int(count)
