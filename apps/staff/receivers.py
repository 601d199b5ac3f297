"""What happens to users, groups and their logins is told, whoever does it: an admin page, a form, a command."""

from __future__ import annotations

import time
from typing import Any

from axes.models import AccessAttempt
from axes.signals import user_locked_out
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.dispatch import receiver

from apps.staff import lockout, selectors
from apps.staff.logins import BEGAN
from apps.staff.services import failures
from apps.staff.services.audit import audit
from tgadmin.core import origin

AUDITED_FIELDS = ("username", "is_active", "is_staff", "is_superuser")
"""Fields of a user of which the old and the new value are told."""
NAMED = ("email", "first_name", "last_name")
"""Those of which only the change is."""


def acting() -> User | None:
    """Who is signed in where this is done; None: nobody, or no request at all."""
    found = origin.current.get()
    return None if found is None else found.user()


@receiver(user_logged_in)
def logged_in(user: User, request: Any, **kwargs: Any) -> None:
    request.session[BEGAN] = time.time()  # the absolute limit counts from each time that the password was given
    failures.tell()
    audit(user, "login.succeeded")


@receiver(user_logged_out)
def logged_out(user: User | None, **kwargs: Any) -> None:
    if user is not None:
        audit(user, "login.ended")


@receiver(user_login_failed)
def login_failed(credentials: dict[str, Any], request: Any = None, **kwargs: Any) -> None:
    """What was typed as a name is told only if somebody is called so: it may be a password in the wrong field."""
    if getattr(request, "axes_locked_out", False) and request.axes_failures_since_start is None:
        return  # refused unlooked at: told once, when the lock-out began
    failures.count("login.failed", _known(credentials.get("username")), credentials.get("step", ""))


@receiver(user_locked_out)
def locked_out(request: Any, username: str | None, **kwargs: Any) -> None:
    """Told when it begins, not for each try while it lasts."""
    if getattr(request, "axes_failures_since_start", None) is None:
        return
    if lockout.is_name_locked(request, username or ""):
        failures.count("login.locked_out", _known(username))
    if not request.user.is_authenticated and selectors.address_locked_until(lockout.address(request)) is not None:
        failures.count("login.address_locked_out", "(any)")


def _known(username: Any) -> str:
    name = str(username or "").replace("\x00", "")
    return name if User.objects.filter(username=name).exists() else "(no such user)"


@receiver(pre_save, sender=AccessAttempt)
def keep_little(instance: AccessAttempt, **kwargs: Any) -> None:
    """Axes would append what was sent with each failure, which anybody chooses; the name and the address are enough."""
    instance.get_data = instance.post_data = instance.http_accept = instance.path_info = ""


@receiver(pre_save, sender=User)
def before_user(instance: User, update_fields: Any, **kwargs: Any) -> None:
    instance._was = None if _unimportant(update_fields) else User.objects.filter(pk=instance.pk).first()  # type: ignore[attr-defined]  # noqa: SLF001


@receiver(post_save, sender=User)
def user_saved(instance: User, created: bool, update_fields: Any, raw: bool, **kwargs: Any) -> None:
    if raw or _unimportant(update_fields):
        return
    was: User | None = getattr(instance, "_was", None)
    if created or was is None:
        powers: dict[str, Any] = {name: True for name in ("is_staff", "is_superuser") if getattr(instance, name)}
        audit(acting(), "user.added", user=instance.get_username(), **powers)
        return
    changed: dict[str, Any] = {
        name: [getattr(was, name), getattr(instance, name)]
        for name in AUDITED_FIELDS
        if getattr(was, name) != getattr(instance, name)
    }
    changed |= {name: "changed" for name in NAMED if getattr(was, name) != getattr(instance, name)}
    if was.password != instance.password and not _rehashed(instance, update_fields):
        changed["password"] = "changed"  # noqa: S105  a word, no password
    if changed:
        audit(acting(), "user.changed", user=was.get_username(), **changed)


def _unimportant(update_fields: Any) -> bool:
    return update_fields is not None and set(update_fields) <= {"last_login"}


def _rehashed(user: User, update_fields: Any) -> bool:
    """Django stores the same password again when it is hashed better: nobody has changed it."""
    return update_fields is not None and set(update_fields) == {"password"} and user._password is None  # type: ignore[attr-defined]  # noqa: SLF001


@receiver(post_delete, sender=User)
def user_removed(instance: User, **kwargs: Any) -> None:
    audit(acting(), "user.removed", user=instance.get_username())


@receiver(post_save, sender=Group)
def group_saved(instance: Group, created: bool, raw: bool, **kwargs: Any) -> None:
    if not raw:
        audit(acting(), "group.added" if created else "group.saved", group=instance.name)


@receiver(post_delete, sender=Group)
def group_removed(instance: Group, **kwargs: Any) -> None:
    audit(acting(), "group.removed", group=instance.name)


@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
@receiver(m2m_changed, sender=Group.permissions.through)
def powers_changed(
    instance: Model, action: str, reverse: bool, model: type[Model], pk_set: set[int] | None, **kwargs: Any
) -> None:
    """Groups and permissions given to a user, permissions given to a group, from whichever side."""
    word = {"post_add": "given", "post_remove": "taken", "pre_clear": "cleared"}.get(action)
    if word is None or (pk_set is not None and not pk_set):
        return
    others = [_name(row) for row in model._default_manager.filter(pk__in=pk_set or ())]
    held, holder = (_name(instance), others) if reverse else (others, _name(instance))
    audit(acting(), f"powers.{word}", holder=holder, powers=held)


def _name(row: Model) -> str:
    if isinstance(row, User):
        return row.get_username()
    if isinstance(row, Permission):
        return f"{row.content_type.app_label}.{row.codename}"
    return f"group {row}"
