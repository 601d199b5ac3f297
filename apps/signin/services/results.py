"""The gateway's side of a sign-in: what Telegram answered, and what that does to the step.

Each is one transaction and may be called again after an unknown outcome. Call them inside the transaction that settles
the command, on the same connection: ``signed_in`` may move the command to another session and delete the first one,
its lease included.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command
from apps.commands.services import commands
from apps.common.notify import EVENTS, SESSIONS, notify
from apps.sessions.models import (
    Authorization,
    AuthorizationSecret,
    Session,
    SessionGrant,
    SessionStatus,
    TimelineKind,
    UpdateState,
)
from apps.sessions.services import authorizations, everywhere, future_tokens, proxies, removal, status, timeline
from apps.signin.models import SignInAttempt, SignInMethod, SignInStep
from apps.signin.services import known, tokens
from apps.signin.services.common import (
    NEW_CODE_NEEDED,
    erase_secret,
    finish,
    first_step,
    is_unnamed,
    keep_secret,
    locked,
)
from apps.signin.services.steps import end
from apps.signin.signals import account_signed_in
from apps.staff.roles import Role
from apps.staff.services.audit import audit
from tgadmin.core.errors import Action, Kind, disposition, refusals
from tgadmin.core.types import CodeRoute, CodeSent, Peer

LASTING = frozenset({"USER_DEACTIVATED", "USER_DEACTIVATED_BAN", "SESSION_PASSWORD_NEEDED"})
"""Errors of kind SESSION that a new auth key does not mend: they stay on their step."""


@transaction.atomic
def code_sent(attempt_id: UUID | str, key: Mapping[str, Any], sent: CodeSent, *, tokens_refused: bool = False) -> None:
    """Telegram sent a code, though tokens were shown if ``tokens_refused``. ``key``: {"dc_id", "server_address",
    "port", "auth_key" (base64)}."""
    attempt = locked(attempt_id)
    if attempt.step == SignInStep.DONE:
        return
    if tokens_refused:
        tokens.refused(attempt)
    keep_secret(attempt, **key, phone_code_hash=sent.hash)
    if attempt.is_over:  # cancelled meanwhile: the cancelling command behind this one needs the secret, then erases it
        return
    attempt.step = SignInStep.EMAIL if sent.via == CodeRoute.SET_UP_EMAIL else SignInStep.CODE
    attempt.busy, attempt.error_code, attempt.flood_until = False, "", None
    attempt.code_via, attempt.code_length, attempt.next_via = sent.via, sent.length, sent.next_via or ""
    attempt.code_hint = sent.hint
    attempt.resend_at = None if sent.resend_after is None else timezone.now() + timedelta(seconds=sent.resend_after)
    attempt.save()


@transaction.atomic
def password_needed(attempt_id: UUID | str, key: Mapping[str, Any], hint: str) -> None:
    """The code was right and the account has a cloud password: the next step, no error."""
    attempt = locked(attempt_id)
    if attempt.step == SignInStep.DONE:
        return
    keep_secret(attempt, **key, login_token=None, import_token=None)
    if attempt.is_over:
        return
    attempt.step, attempt.busy, attempt.error_code, attempt.flood_until = SignInStep.PASSWORD, False, "", None
    attempt.password_hint, attempt.resend_at, attempt.token_until = hint[:255], None, None
    attempt.save()


@transaction.atomic
def step_failed(attempt_id: UUID | str, code: str, seconds: int | None = None) -> None:
    """Telegram refused the step. It stays where it is, unless Telegram wants the sign-in to start afresh. A step that
    was refused here, since whoever asked may no longer sign the account in, ends it, at Telegram too.

    ``seconds``: how long Telegram asks to wait, or None.
    """
    attempt = locked(attempt_id)
    if attempt.is_over:
        return
    if code == refusals.CODE:
        end(attempt, SignInStep.FAILED, code, None)
        return
    attempt.busy, attempt.error_code = False, code
    attempt.flood_until = None if seconds is None else timezone.now() + timedelta(seconds=seconds)
    attempt.token_until = None
    if _starts_afresh(attempt, code):
        erase_secret(attempt)
        attempt.step, attempt.password_hint, attempt.resend_at = first_step(attempt), "", None
    attempt.save()
    timeline.note(
        attempt.session_id, TimelineKind.SIGN_IN_FAILED, code=code, user=attempt.started_by, step=attempt.step
    )


def _starts_afresh(attempt: SignInAttempt, code: str) -> bool:
    if code in LASTING or (code in NEW_CODE_NEEDED and attempt.step == SignInStep.CODE):
        return False
    row = disposition(code)
    return row.action is Action.RESTART_SIGN_IN or row.kind is Kind.SESSION


@transaction.atomic
def cancelled(attempt_id: UUID | str) -> None:
    """The code was let go at Telegram (or was gone already): the secrets go, a cancelled sign-in is over for good."""
    attempt = locked(attempt_id)
    if attempt.step == SignInStep.DONE:
        return
    if attempt.is_over:
        finish(attempt, SignInStep(attempt.step), attempt.error_code)
        return
    erase_secret(attempt)
    attempt.busy = False
    attempt.save()


@transaction.atomic
def signed_in(attempt_id: UUID | str, key: Mapping[str, Any], profile: Peer, future_token: bytes | None = None) -> int:
    """The account is signed in: everything that follows from it, at once. Returns the id of its session.
    ``future_token``: what Telegram gave to spare a later sign-in its code.

    An account that is known on this network already keeps its session, chats and rights; its former key is logged out.
    Whoever signs a known one in as if it were new, and is not its manager, is not let in (known.py).
    """
    attempt = locked(attempt_id)
    if attempt.step == SignInStep.DONE:
        return attempt.session_id
    _lock_account(attempt.session.network, profile.id)
    session = _session_of(attempt, profile)
    if attempt.is_over or session is None:
        return _unwanted(attempt, key, attempt.error_code if attempt.is_over else "ACCOUNT_MISMATCH")
    if known.is_strangers(attempt, session):
        known.tell_managers(session, attempt.started_by)
        return _unwanted(attempt, key, known.CODE)
    is_new = session.telegram_user_id is None
    if session.pk != attempt.session_id:
        _move(attempt, session)
    _authorize(session, key, attempt.started_by)
    future_tokens.keep(session.pk, future_token)
    _know_account(session, key, profile, attempt)
    _reset_state(session)
    if is_new:  # signing a known account in gives nobody a right
        _grant(session, attempt.started_by)
        everywhere.apply(session)
    timeline.note(session.pk, TimelineKind.SIGNED_IN, user=attempt.started_by, dc=int(key["dc_id"]))
    audit(attempt.started_by, "session.added" if is_new else "session.signed_in", session)
    account_signed_in.send(sender=Session, session=session, profile=profile)
    finish(attempt, SignInStep.DONE)
    commands.enqueue(session.pk, CommandKind.DIALOGS, {}, user=commands.SYSTEM)
    commands.enqueue(session.pk, CommandKind.DEVICES, {"session": session.pk}, user=commands.SYSTEM)
    status.change(session.pk, SessionStatus.CONNECTING)
    notify(SESSIONS, session.pk)
    notify(EVENTS, session.pk)
    return session.pk


def _lock_account(network: str, user_id: int) -> None:
    """Two sign-ins of one account at once must find the same session."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('account'), hashtext(%s))", [f"{network}:{user_id}"])


def _session_of(attempt: SignInAttempt, profile: Peer) -> Session | None:
    """The session that this account belongs to; None: the sign-in was for another account."""
    own = Session.objects.select_for_update().get(pk=attempt.session_id)
    if own.telegram_user_id == profile.id:
        return own
    if own.telegram_user_id is not None:
        return None
    there = Session.objects.select_for_update().filter(network=own.network, telegram_user_id=profile.id).first()
    return there or own


def _unwanted(attempt: SignInAttempt, key: Mapping[str, Any], code: str) -> int:
    """Signed in after it was cancelled, as another account than the one it was for, or as one that is somebody else's:
    the key is logged out."""
    if attempt.method == SignInMethod.IMPORT:  # somebody else's key: it is forgotten, not ended
        timeline.note(attempt.session_id, TimelineKind.SIGN_IN_FAILED, code=code, user=attempt.started_by)
        finish(attempt, SignInStep(attempt.step) if attempt.is_over else SignInStep.FAILED, code)
        return attempt.session_id
    authorization = authorizations.store(attempt.session_id, key, Authorization.Role.OLD)
    authorizations.retire(authorization, code)
    authorizations.log_out(authorization)
    timeline.note(attempt.session_id, TimelineKind.SIGN_IN_FAILED, code=code, user=attempt.started_by)
    finish(attempt, SignInStep(attempt.step) if attempt.is_over else SignInStep.FAILED, code)
    return attempt.session_id


def _move(attempt: SignInAttempt, session: Session) -> None:
    """From the session made for a new account to the session that the account has already."""
    provisional = attempt.session
    SignInAttempt.objects.filter(session=provisional).update(session=session)
    Command.objects.filter(session=provisional).update(session=session)
    timeline.move(provisional.pk, session.pk)
    proxies.take_over(provisional.pk, session.pk)
    attempt.session = session
    removal.delete(provisional)


def _authorize(session: Session, key: Mapping[str, Any], user: User | None) -> None:
    former = Authorization.objects.filter(session=session, role=Authorization.Role.CURRENT).first()
    if former is not None:
        authorizations.retire(former, "REPLACED")
        if AuthorizationSecret.objects.filter(authorization=former).exists():
            authorizations.log_out(former, user)
    authorizations.store(session.pk, key, Authorization.Role.CURRENT)


def _know_account(session: Session, key: Mapping[str, Any], profile: Peer, attempt: SignInAttempt) -> None:
    if session.telegram_user_id is None and is_unnamed(session) and profile.name:
        session.name = profile.name[:64]
    session.telegram_user_id = profile.id
    session.phone = profile.phone or attempt.phone
    session.profile_name, session.username = profile.name[:160], profile.username
    session.dc_id = int(key["dc_id"])
    session.save()


def _reset_state(session: Session) -> None:
    """An account that is known keeps its pts, so that what came meanwhile is asked for; qts and seq are a key's own,
    and the new one has none yet. A new account asks for its state when it is connected."""
    UpdateState.objects.filter(session=session).update(qts=0, seq=0)


def _grant(session: Session, user: User | None) -> None:
    """Whoever signed the account in manages it."""
    if user is None:
        return
    grant, made = SessionGrant.objects.get_or_create(
        session=session, user=user, defaults={"role": Role.MANAGER, "granted_by": user}
    )
    if not made and grant.role < Role.MANAGER:
        SessionGrant.objects.filter(pk=grant.pk).update(role=Role.MANAGER)
