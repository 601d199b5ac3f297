"""Signing in by QR code (https://core.telegram.org/api/qr-login): what staff ask, what Telegram answered.

One command (``sign_in.qr``) asks Telegram how the login token stands: it brings a token to show, the account, the cloud
password's step, or the data centre at which the accepted token is to be imported by the next such command. It is asked
again by whoever shows the code, shortly before the token lapses, and by the gateway when Telegram says that somebody
has accepted it. That hint may be lost: the next renewal finds out.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from apps.commands.command_kinds import CommandKind
from apps.sessions.models import Session, TimelineKind
from apps.sessions.services import proxies, rights, timeline
from apps.signin.models import SignInAttempt, SignInMethod, SignInStep
from apps.signin.services.common import OVER, UNNAMED, erase_secret, keep_secret, locked, secret_of
from apps.signin.services.rights import may_drive
from apps.signin.services.step_guard import ask, count_start, go_on, lock_attempt_for, one_at_a_time
from apps.staff.roles import Role
from apps.staff.services.audit import audit
from tgadmin.core.errors import UserError
from tgadmin.core.proxies import Proxy

MAX_NAME = 64
RENEW_BEFORE = timedelta(seconds=5)
"""A code is renewed so long before it lapses: what a phone has just read must still be good when it is accepted."""


@dataclass(frozen=True, slots=True)
class ShownCode:
    """What the QR code says, for ``seconds`` more (0: it has lapsed). ``id`` tells one code from the next."""

    id: str
    url: str
    seconds: int

    def __repr__(self) -> str:
        return f"ShownCode({self.id})"


# --- staff --------------------------------------------------------------------------------------------------------


@transaction.atomic
def start_qr(user: User, name: str, *, session: Session | None = None, proxy: Proxy | None = None) -> SignInAttempt:
    """Begins a sign-in by QR code; goes on with one of the same user, name and account that is not over.

    ``session``: an account known already that needs a new sign-in. ``proxy``: what a new account goes through from its
    first connection on. Raises rights.Forbidden, UserError (DISABLED).
    """
    if session is not None:
        rights.require(user, session.pk, Role.MANAGER)
        if not session.enabled:
            raise UserError("DISABLED", "The account is disabled: enable it first.")
    elif not rights.may_add_account(user):
        raise rights.Forbidden
    name = name.strip()[:MAX_NAME] or UNNAMED
    one_at_a_time(user, f"qr:{session.pk if session is not None else name}")
    open_one = _unfinished(user, name, session)
    if open_one is not None:
        return _renewed(user, locked(open_one.pk))
    count_start(user)
    if session is None:
        session = Session.objects.create(name=name, network=settings.TELEGRAM_NETWORK, created_by=user)
        if proxy is not None:
            proxies.store(session.pk, proxy, user)
    attempt = SignInAttempt.objects.create(
        session=session, method=SignInMethod.QR, step=SignInStep.QR, phone=session.phone, started_by=user
    )
    timeline.note(session.pk, TimelineKind.SIGN_IN_STARTED, user=user, method=SignInMethod.QR)
    audit(user, "sign_in.started", session, method=SignInMethod.QR.value)
    return ask(user, attempt, CommandKind.SIGN_IN_QR)


@transaction.atomic
def renew_qr(user: User, attempt: SignInAttempt) -> SignInAttempt:
    """Asks for a new code when the one that is shown is about to lapse; else nothing is done. Raises Forbidden,
    UserError."""
    if not may_drive(user, attempt):
        raise rights.Forbidden
    row = locked(attempt.pk)
    if row.step == SignInStep.QR and row.busy:
        return row
    return _renewed(user, lock_attempt_for(user, attempt, SignInStep.QR))


@transaction.atomic
def use_qr(user: User, attempt: SignInAttempt) -> SignInAttempt:
    """From the phone number to the QR code. Raises Forbidden, UserError."""
    row = lock_attempt_for(user, attempt, SignInStep.PHONE, obey_wait=False)
    erase_secret(row)
    row.method, row.step = SignInMethod.QR, SignInStep.QR
    return ask(user, row, CommandKind.SIGN_IN_QR)


@transaction.atomic
def use_phone(user: User, attempt: SignInAttempt) -> SignInAttempt:
    """From the QR code to the phone number: the code is forgotten. Raises Forbidden, UserError."""
    row = lock_attempt_for(user, attempt, SignInStep.QR, obey_wait=False)
    erase_secret(row)
    row.method, row.step = SignInMethod.PHONE, SignInStep.PHONE
    row.error_code, row.flood_until, row.token_until = "", None, None
    row.save()
    return row


def needs_renewal(attempt: SignInAttempt) -> bool:
    """Whether the code that is shown is about to lapse, and nothing stands in the way of a new one."""
    if attempt.step != SignInStep.QR or attempt.busy or attempt.error_code:
        return False
    return attempt.token_until is None or attempt.token_until - timezone.now() <= RENEW_BEFORE


def shown_code(attempt: SignInAttempt) -> ShownCode | None:
    """The code to show: for those only who may drive the attempt. None while there is none."""
    if attempt.step != SignInStep.QR or attempt.token_until is None:
        return None
    token = secret_of(attempt).get("login_token")
    if not token:
        return None
    left = (attempt.token_until - timezone.now()).total_seconds()
    return ShownCode(hashlib.sha256(token.encode()).hexdigest()[:12], f"tg://login?token={token}", max(0, int(left)))


def _renewed(user: User, attempt: SignInAttempt) -> SignInAttempt:
    waits = attempt.flood_until is not None and attempt.flood_until > timezone.now()
    fresh = attempt.token_until is not None and attempt.token_until - timezone.now() > RENEW_BEFORE
    if attempt.step != SignInStep.QR or attempt.busy or waits or fresh:
        return attempt
    return ask(user, attempt, CommandKind.SIGN_IN_QR)


def _unfinished(user: User, name: str, session: Session | None) -> SignInAttempt | None:
    attempts = SignInAttempt.objects.filter(
        method=SignInMethod.QR, started_by=user, session__network=settings.TELEGRAM_NETWORK
    ).exclude(step__in=OVER)
    if session is not None:
        attempts = attempts.filter(session=session)
    else:
        attempts = attempts.filter(session__telegram_user_id=None, session__name=name)
    return attempts.order_by("-started_at").first()


# --- the gateway --------------------------------------------------------------------------------------------------


@transaction.atomic
def token_shown(attempt_id: UUID | str, key: Mapping[str, Any], token: bytes, seconds: float) -> None:
    """Telegram gave a login token that is good for so many seconds. Call it in the transaction that settles."""
    attempt = locked(attempt_id)
    if attempt.step == SignInStep.DONE:
        return
    text = base64.urlsafe_b64encode(token).decode("ascii").rstrip("=")
    keep_secret(attempt, **key, login_token=text, import_token=None)
    if attempt.is_over:  # cancelled meanwhile: the cancelling command behind this one needs the key, then erases it
        return
    attempt.step, attempt.busy, attempt.error_code, attempt.flood_until = SignInStep.QR, False, "", None
    attempt.token_until = timezone.now() + timedelta(seconds=seconds)
    attempt.save()


@transaction.atomic
def token_moved(attempt_id: UUID | str, key: Mapping[str, Any], token: bytes) -> None:
    """The token was accepted by an account of another data centre: ``key`` is the new key there, which is stored before
    anybody signs in with it. The next command imports the token."""
    attempt = locked(attempt_id)
    if attempt.step == SignInStep.DONE:
        return
    text = base64.urlsafe_b64encode(token).decode("ascii").rstrip("=")
    keep_secret(attempt, **key, login_token=None, import_token=text)
    if attempt.is_over:
        return
    attempt.token_until = None
    attempt.save()
    go_on(attempt, CommandKind.SIGN_IN_QR)


@transaction.atomic
def token_accepted(attempt_id: UUID | str) -> None:
    """Telegram says that somebody has accepted a token: ask it how things stand. Ever so often is no harm."""
    row = SignInAttempt.objects.select_for_update(of=("self",)).filter(pk=attempt_id).first()
    if row is None or row.step != SignInStep.QR:
        return
    row.busy = True
    row.save()
    go_on(row, CommandKind.SIGN_IN_QR)
