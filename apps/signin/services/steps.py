"""Staff's side of a sign-in: each step checks the right, stores what was said and asks the gateway."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from apps.commands.command_kinds import SIGN_IN_LANE, CommandKind
from apps.commands.models import Command
from apps.commands.services import commands
from apps.sessions.models import Session, TimelineKind
from apps.sessions.services import proxies, rights, timeline
from apps.signin.models import SignInAttempt, SignInMethod, SignInSecret, SignInStep
from apps.signin.services.common import (
    NEW_CODE_NEEDED,
    OVER,
    WORD_CODES,
    erase_secret,
    finish,
    first_step,
    is_unnamed,
    locked,
)
from apps.signin.services.rights import may_drive
from apps.signin.services.step_guard import ask, count_start, enqueue, lock_attempt_for, one_at_a_time
from apps.staff.roles import Role
from apps.staff.services.audit import audit
from tgadmin.core import pasted, phones
from tgadmin.core.errors import UserError
from tgadmin.core.proxies import Proxy
from tgadmin.core.types import CodeRoute

MAX_CODE, MAX_PASSWORD, MAX_NAME = 64, 1024, 64


@transaction.atomic
def start(
    user: User, name: str, phone: str, *, session: Session | None = None, proxy: Proxy | None = None
) -> SignInAttempt:
    """Begins a sign-in and asks Telegram for a code; goes on with one of the same user and phone that is not over.

    ``session``: an account known already that needs a new sign-in. ``proxy``: what a new account goes through from its
    first connection on; one that is known keeps its own. Raises rights.Forbidden, UserError
    (PHONE_NUMBER_INVALID, DISABLED).
    """
    if session is not None:
        rights.require(user, session.pk, Role.MANAGER)
    elif not rights.may_add_account(user):
        raise rights.Forbidden
    digits = phones.normalise(phone)
    one_at_a_time(user, digits)
    open_one = _unfinished(user, digits, session)
    if open_one is not None:
        return _go_on(user, open_one)
    count_start(user)
    if session is None:
        session = Session.objects.create(
            name=name.strip()[:MAX_NAME] or phones.masked(digits),
            network=settings.TELEGRAM_NETWORK,
            phone=digits,
            created_by=user,
        )
        if proxy is not None:
            proxies.store(session.pk, proxy, user)
    elif not session.enabled:
        raise UserError("DISABLED", "The account is disabled: enable it first.")
    attempt = SignInAttempt.objects.create(session=session, phone=digits, started_by=user)
    timeline.note(session.pk, TimelineKind.SIGN_IN_STARTED, user=user)
    audit(user, "sign_in.started", session)
    return ask(user, attempt, CommandKind.SIGN_IN_SEND_CODE)


@transaction.atomic
def submit_phone(
    user: User, attempt: SignInAttempt, phone: str, *, proxy: Proxy | None = None, directly: bool = False
) -> SignInAttempt:
    """Asks for a code again, for another number or the same, through another ``proxy`` if one is given, or ``directly``
    where it was to go through one. Raises Forbidden, UserError."""
    attempt = lock_attempt_for(user, attempt, SignInStep.PHONE)
    digits = phones.normalise(phone)
    if digits != attempt.phone:
        if attempt.phone:
            count_start(user, attempt)
        _forget_phone(attempt, digits)
    if proxy is not None or directly:
        erase_secret(attempt)  # a key that was made for one method is not shown for another
        _choose_proxy(user, attempt, None if directly else proxy)
    return ask(user, attempt, CommandKind.SIGN_IN_SEND_CODE)


def _typed_code(attempt: SignInAttempt, text: str) -> str:
    """What Telegram is asked with, from what was typed or pasted. Raises UserError."""
    of_words = attempt.code_via in WORD_CODES
    code = pasted.plain(text) if of_words else pasted.code(text)
    if not code:
        raise UserError("PHONE_CODE_EMPTY", "Enter the code that Telegram sent.")
    length = attempt.code_length
    if len(code) > MAX_CODE:
        has = "fewer letters" if of_words else "fewer digits"
    elif of_words or (code.isdigit() and length in (None, 0, len(code))):
        return code
    else:
        has = f"{length} digits" if length else "digits only"
    raise UserError("PHONE_CODE_INVALID", f"Telegram's code has {has}. Nothing was sent: no try is lost.")


@transaction.atomic
def submit_code(user: User, attempt: SignInAttempt, code: str) -> SignInAttempt:
    """Hands the code over; it is kept encrypted until Telegram has answered. What cannot be the code is refused here:
    at Telegram it would cost a try. Raises Forbidden, UserError."""
    attempt = lock_attempt_for(user, attempt, SignInStep.CODE)
    code = _typed_code(attempt, code)
    if attempt.error_code in NEW_CODE_NEEDED:
        raise UserError("PHONE_CODE_EXPIRED", "That code has expired: ask for a new one.")
    return ask(user, attempt, CommandKind.SIGN_IN_CODE, secret={"code": code})


@transaction.atomic
def submit_email(user: User, attempt: SignInAttempt, email: str) -> SignInAttempt:
    """The address that becomes the account's login email: Telegram sends a code to it. Raises Forbidden, UserError."""
    attempt = lock_attempt_for(user, attempt, SignInStep.EMAIL)
    email = pasted.plain(email)
    try:
        validate_email(email)
    except ValidationError:
        raise UserError("EMAIL_INVALID", "That is no email address. Nothing was sent.") from None
    return ask(user, attempt, CommandKind.SIGN_IN_EMAIL, secret={"email": email})


@transaction.atomic
def submit_password(user: User, attempt: SignInAttempt, password: str) -> SignInAttempt:
    """Hands the cloud password over, kept encrypted until Telegram has answered. Raises Forbidden, UserError."""
    attempt = lock_attempt_for(user, attempt, SignInStep.PASSWORD)
    if not password or len(password) > MAX_PASSWORD:
        raise UserError("PASSWORD_EMPTY", "Enter the account's cloud password.")
    return ask(user, attempt, CommandKind.SIGN_IN_PASSWORD, secret={"password": password})


@transaction.atomic
def resend(user: User, attempt: SignInAttempt) -> SignInAttempt:
    """Asks for the code again the next way, or for a new one where it has expired; for another login email where that
    is being set up. Raises Forbidden, UserError."""
    attempt = lock_attempt_for(user, attempt, SignInStep.CODE)
    if attempt.code_via == CodeRoute.NEW_EMAIL:
        attempt.step, attempt.code_via, attempt.error_code = SignInStep.EMAIL, CodeRoute.SET_UP_EMAIL, ""
        attempt.code_hint, attempt.code_length = "", None
        attempt.save()
        return attempt
    if attempt.error_code in NEW_CODE_NEEDED:
        return ask(user, attempt, CommandKind.SIGN_IN_SEND_CODE)
    if attempt.resend_at is not None and attempt.resend_at > timezone.now():
        raise UserError("RESEND_TOO_EARLY", "Another code cannot be asked for yet.", until=attempt.resend_at)
    if not attempt.next_via:
        raise UserError("SEND_CODE_UNAVAILABLE", "Telegram offers no other way to send this code.")
    return ask(user, attempt, CommandKind.SIGN_IN_RESEND)


@transaction.atomic
def change_phone(user: User, attempt: SignInAttempt) -> SignInAttempt:
    """Back to the beginning (the number, the QR code): what was sent is let go, at Telegram too.

    Raises Forbidden, UserError.
    """
    after = (SignInStep.EMAIL, SignInStep.CODE, SignInStep.PASSWORD)
    attempt = lock_attempt_for(user, attempt, *after, obey_wait=False)
    attempt.step, attempt.password_hint, attempt.code_hint = first_step(attempt), "", ""
    attempt.code_via, attempt.next_via, attempt.resend_at, attempt.code_length = "", "", None, None
    return ask(user, attempt, CommandKind.SIGN_IN_CANCEL)


@transaction.atomic
def cancel(user: User, attempt: SignInAttempt) -> SignInAttempt:
    """Ends the sign-in here at once, at Telegram as soon as the gateway can; it may be over. Raises Forbidden."""
    if not may_drive(user, attempt):
        raise rights.Forbidden
    return end(locked(attempt.pk), SignInStep.CANCELLED, "CANCELLED_BY_STAFF", user)


@transaction.atomic
def abandon(attempt_id: UUID) -> None:
    """Ends a sign-in that nobody goes on with, at Telegram too; the clean-up's form of ``cancel``."""
    end(locked(attempt_id), SignInStep.FAILED, "SIGN_IN_ABANDONED", None)


def end(attempt: SignInAttempt, step: SignInStep, code: str, user: User | None) -> SignInAttempt:
    """Ends a locked attempt here at once, and has the gateway let go at Telegram what was begun there. ``user`` None:
    the system does."""
    if attempt.is_over:
        return attempt
    open_commands = list(
        Command.objects.filter(
            session_id=attempt.session_id,
            lane=SIGN_IN_LANE.of(attempt.pk),
            state__in=commands.OPEN,
        )
    )
    pending = [command for command in open_commands if not commands.cancel(command)]
    timeline.note(attempt.session_id, TimelineKind.SIGN_IN_CANCELLED, code=code, user=user)
    audit(user, "sign_in.ended", attempt.session, code=code)
    if not pending and not SignInSecret.objects.filter(attempt=attempt).exists():
        finish(attempt, step, code)
        return attempt
    attempt.step, attempt.error_code, attempt.busy, attempt.flood_until = step, code, True, None
    attempt.save()
    enqueue(attempt, CommandKind.SIGN_IN_CANCEL, commands.SYSTEM if user is None else user)
    return attempt


def _unfinished(user: User, digits: str, session: Session | None) -> SignInAttempt | None:
    attempts = SignInAttempt.objects.filter(
        method=SignInMethod.PHONE, phone=digits, started_by=user, session__network=settings.TELEGRAM_NETWORK
    ).exclude(step__in=OVER)
    if session is not None:
        attempts = attempts.filter(session=session)
    return attempts.order_by("-started_at").first()


def _go_on(user: User, attempt: SignInAttempt) -> SignInAttempt:
    attempt = locked(attempt.pk)
    waits = attempt.flood_until is not None and attempt.flood_until > timezone.now()
    if attempt.step == SignInStep.PHONE and not attempt.busy and not waits:
        return ask(user, attempt, CommandKind.SIGN_IN_SEND_CODE)
    return attempt


def _forget_phone(attempt: SignInAttempt, digits: str) -> None:
    """Another number: the key made for the first is let go, and a new account takes the new number."""
    erase_secret(attempt)
    attempt.phone, attempt.method = digits, SignInMethod.PHONE
    session = attempt.session
    if session.telegram_user_id is None:
        if is_unnamed(session):
            session.name = phones.masked(digits)
        session.phone = digits
        session.save(update_fields=("name", "phone"))


def _choose_proxy(user: User, attempt: SignInAttempt, proxy: Proxy | None) -> None:
    """The account's own proxy, in place of the one it had. Inside the step, which has asked for the right."""
    proxies.store(attempt.session_id, proxy, user)
    audit(user, "proxy.chosen", attempt.session, kind="" if proxy is None else proxy.kind.value)
