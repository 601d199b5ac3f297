"""One-time links by which colleagues set their own password: a new colleague's first one, or another for who has
forgotten theirs.

A link works once, for HOURS, and a newer one ends it. It is shown to whoever made it and kept nowhere: the table has
its digest. It opens nothing but the choice of a password; a second factor that somebody has is asked for as ever.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.common.users import Forbidden
from apps.staff.hashers import prepared
from apps.staff.models import JoinLink, Login
from apps.staff.services.audit import audit
from tgadmin.core.errors import UserError

HOURS = 48
TOKEN_BYTES = 24
"""192 random bits: nobody guesses one, and a fast digest of it tells nothing."""
NO_LONGER = "This link does not work, or no longer: it works once, for 48 hours, and a newer one ends it."


def digest_of(token: str) -> str:
    """What is kept of a link: keyed by SECRET_KEY, which is not in the database."""
    return str(salted_hmac("apps.staff.joining", token, algorithm="sha256").hexdigest())


@transaction.atomic
def make(by: User, user: User) -> tuple[str, datetime]:
    """A new link's token, which nobody can see again, and until when it works; the one before ends. Raises Forbidden,
    UserError (USER_DISABLED)."""
    if not (by.is_active and by.is_superuser):
        raise Forbidden
    row = User.objects.select_for_update().get(pk=user.pk)
    if not (row.is_active and row.is_staff):
        raise UserError("USER_DISABLED", "This colleague is disabled: enable them before you make a link.")
    token, now = secrets.token_urlsafe(TOKEN_BYTES), timezone.now()
    until = now + timedelta(hours=HOURS)
    JoinLink.objects.update_or_create(
        user=row, defaults={"digest": digest_of(token), "made_by": by, "made_at": now, "expires_at": until}
    )
    audit(by, "link.made", user=row.get_username(), hours=HOURS)
    return token, until


def user_of(token: str) -> User | None:
    """Whose link it is; None for one that does not work, whatever the reason."""
    row = JoinLink.objects.select_related("user").filter(digest=digest_of(token), expires_at__gt=timezone.now()).first()
    return row.user if row is not None and row.user.is_active and row.user.is_staff else None


def use(token: str, password: str) -> User | None:
    """Sets the password of whoever the link was made for, and ends the link and all their logins. None for a link that
    does not work. Call it in no transaction: hashing takes long."""
    with prepared(password):
        return _use(token, password)


@transaction.atomic
def _use(token: str, password: str) -> User | None:
    JoinLink.objects.select_for_update().filter(digest=digest_of(token)).first()  # of two at once, one finds it
    user = user_of(token)
    if user is None:
        return None
    user.set_password(password)
    # Not by save: what changes a user there asks for a login that has confirmed; here the link stands for it.
    User.objects.filter(pk=user.pk).update(password=user.password)
    user.join_link.delete()
    Login.objects.filter(user_id=user.pk).delete()
    audit(user, "link.used", user=user.get_username())
    return user
