"""The second factor: an authenticator app (TOTP) and recovery codes for the day when it is lost.

Adding, replacing and removing one ends the user's other logins: whoever holds one of them has not shown it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from urllib.parse import quote, urlencode

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from apps.common.users import Forbidden
from apps.staff import selectors
from apps.staff.models import DIGITS, STEP_SECONDS, Authenticator, AuthenticatorSecret, Policy
from apps.staff.services import logins
from apps.staff.services.audit import audit
from tgadmin.core import pasted
from tgadmin.core.errors import UserError

ISSUER = "tgadmin"
KEY_BYTES = 20
RECOVERY_CODES = 10
CODE_BYTES = 10
"""80 random bits: what is stored of a code is its hash, and cannot be searched for."""


@transaction.atomic
def begin(user: User) -> Authenticator:
    """The authenticator that the user is about to confirm: the one begun before, or a new one."""
    User.objects.select_for_update().get(pk=user.pk)
    begun: Authenticator | None
    begun = Authenticator.objects.filter(user=user, confirmed=False, secret_row__isnull=False).first()
    if begun is not None:
        return begun
    Authenticator.objects.filter(user=user, confirmed=False).delete()
    begun = Authenticator.objects.create(user=user, name="authenticator app", confirmed=False)
    AuthenticatorSecret.objects.create(authenticator=begun, secret={"key": secrets.token_hex(KEY_BYTES)})
    return begun


def address_of(authenticator: Authenticator) -> str:
    """otpauth://… for the QR code (github.com/google/google-authenticator/wiki/Key-Uri-Format)."""
    name = quote(f"{ISSUER}:{authenticator.user.get_username()}")
    asked = {"secret": key_of(authenticator), "issuer": ISSUER, "digits": DIGITS, "period": STEP_SECONDS}
    return f"otpauth://totp/{name}?{urlencode(asked)}"


def key_of(authenticator: Authenticator) -> str:
    """The key as one types it into an app, in base 32."""
    key = AuthenticatorSecret.objects.get(authenticator=authenticator).key
    return base64.b32encode(key).decode()


@transaction.atomic
def confirm(user: User, token: str, *, keep: str | None) -> tuple[Device, list[str]] | None:
    """The first code of the new authenticator: it takes the former one's place. Gives it with new recovery codes, which
    nobody can see again; None for a wrong code. ``keep``: the digest of the login that goes on. Raises UserError."""
    begun = Authenticator.objects.select_for_update().filter(user=user, confirmed=False).first()
    if begun is None:
        raise UserError("FACTOR_NOT_BEGUN", "There is no authenticator to confirm: begin again.")
    _may_try(begun)
    if not begun.verify_token(_plain(token)):
        return None
    replaced = Authenticator.objects.filter(user=user, confirmed=True).delete()[0] > 0
    begun.confirmed = True
    begun.save()
    codes = _make_codes(user)
    logins.end_others(user, keep)
    audit(user, "factor.replaced" if replaced else "factor.added", user=user.get_username())
    return begun, codes


@transaction.atomic
def verify(user: User, token: str, *, action: str = "login.verified") -> Device | None:
    """The device whose code it is (an authenticator's or a recovery code, which is then used up); None for a wrong one.
    ``action``: what the audit calls a right one. Raises UserError while too many were wrong."""
    token = _plain(token)
    authenticator = Authenticator.objects.select_for_update().filter(user=user, confirmed=True).first()
    if authenticator is None:
        return None
    if len(token) > DIGITS:
        device = StaticDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
        if device is None or not device.verify_token(_digest(token)):
            return None
        audit(user, action, by="recovery code", left=device.token_set.count())
        return device
    _may_try(authenticator)
    if not authenticator.verify_token(token):
        return None
    audit(user, action, by="authenticator app")
    return authenticator


@transaction.atomic
def new_codes(user: User) -> list[str]:
    """Recovery codes in place of the former ones; nobody can see them again."""
    if selectors.authenticator_of(user) is None:
        raise UserError("FACTOR_MISSING", "There is no second factor to recover: add one first.")
    codes = _make_codes(user)
    audit(user, "factor.codes_renewed", user=user.get_username())
    return codes


@transaction.atomic
def remove(user: User, *, keep: str | None) -> None:
    """Takes one's own second factor away. Raises UserError where all staff need one."""
    if selectors.is_required():
        raise UserError("FACTOR_REQUIRED", "All staff here need a second factor: it can be replaced, not removed.")
    _drop(user)
    logins.end_others(user, keep)
    audit(user, "factor.removed", user=user.get_username())


@transaction.atomic
def reset(by: User | None, user: User) -> None:
    """Takes away the second factor of a colleague who has lost it, and ends their logins. ``by``: a superuser, or None
    at the shell. Raises Forbidden."""
    if by is not None and not (by.is_active and by.is_superuser):
        raise Forbidden
    _drop(user)
    logins.end_others(user, None)
    audit(by, "factor.reset", user=user.get_username())


@transaction.atomic
def require_of_all(by: User, required: bool) -> None:
    """Whether all staff need a second factor from now on. Raises Forbidden."""
    if not (by.is_active and by.is_superuser):
        raise Forbidden
    policy, _ = Policy.objects.select_for_update().get_or_create(pk=1)
    if policy.second_factor_required != required:
        policy.second_factor_required = required
        policy.save()
        audit(by, "settings.changed", second_factor_required=[not required, required])


def _may_try(device: Authenticator) -> None:
    allowed, why = device.verify_is_allowed()
    if not allowed:
        until = why["locked_until"] if why else timezone.now()
        raise UserError("TOO_MANY_TRIES", "Too many wrong codes: wait before the next try.", until)


def _plain(token: str) -> str:
    return "".join(pasted.plain(token).split()).replace("-", "").upper()


def _digest(code: str) -> str:
    """What is kept of a recovery code, as long as django-otp's column is wide: 80 bits."""
    return base64.b32encode(hashlib.sha256(code.encode()).digest()[:10]).decode()


def _make_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery codes")
    codes = [base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_digest(code)) for code in codes)
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]


def _drop(user: User) -> None:
    Authenticator.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
