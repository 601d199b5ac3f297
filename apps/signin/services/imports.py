"""Signing in with the session of another program: its key is tried by the gateway before anything becomes of it.

Until then it lies encrypted in its attempt only; whatever ends the attempt erases it. It is never logged out by us: it
is somebody's until it is ours.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction

from apps.commands.command_kinds import CommandKind
from apps.sessions.models import AuthorizationSecret, Session, TimelineKind
from apps.sessions.services import proxies, rights, timeline
from apps.signin.models import SignInAttempt, SignInMethod, SignInStep
from apps.signin.services.common import OVER, UNNAMED, finish, keep_secret, locked
from apps.signin.services.step_guard import ask, count_start
from apps.staff.roles import Role
from apps.staff.services.audit import audit
from tgadmin.core import session_files
from tgadmin.core.errors import UserError
from tgadmin.core.ids import auth_key_id
from tgadmin.core.proxies import Proxy

MAX_NAME = 64


def start_import(
    user: User, name: str, data: bytes, *, session: Session | None = None, proxy: Proxy | None = None
) -> SignInAttempt:
    """Begins a sign-in with a session string or a session file of another program (``data``: its bytes).

    ``session``: the account that it must belong to. Raises rights.Forbidden, UserError (IMPORT_UNREADABLE,
    KEY_IN_USE, DISABLED).
    """
    if session is not None:
        rights.require(user, session.pk, Role.MANAGER)
        if not session.enabled:
            raise UserError("DISABLED", "The account is disabled: enable it first.")
    elif not rights.may_add_account(user):
        raise rights.Forbidden
    found = session_files.read(data)
    number = auth_key_id(found.auth_key)
    with transaction.atomic():
        _only_one(number)
        if is_held(number):
            raise UserError(
                "KEY_IN_USE",
                "This session's key is in use here already: two that use one key make Telegram destroy it.",
            )
        count_start(user)
        if session is None:
            session = Session.objects.create(
                name=name.strip()[:MAX_NAME] or UNNAMED, network=settings.TELEGRAM_NETWORK, created_by=user
            )
            if proxy is not None:
                proxies.store(session.pk, proxy, user)
        attempt = SignInAttempt.objects.create(
            session=session, method=SignInMethod.IMPORT, step=SignInStep.IMPORT, started_by=user, key_id=number
        )
        keep_secret(attempt, **found.to_json())
        timeline.note(session.pk, TimelineKind.SIGN_IN_STARTED, user=user, method=SignInMethod.IMPORT)
        audit(user, "sign_in.started", session, method=SignInMethod.IMPORT.value)
        return ask(user, attempt, CommandKind.SIGN_IN_IMPORT)


def is_held(number: int) -> bool:
    """Whether a key is in use here: by an account, or by an import that is not over."""
    if AuthorizationSecret.objects.filter(authorization__key_id=number).exists():
        return True
    return SignInAttempt.objects.filter(key_id=number).exclude(step__in=OVER).exists()


@transaction.atomic
def import_failed(attempt_id: UUID | str, code: str) -> None:
    """The key is of no use, or could not be tried: it is erased here. Call it in the transaction that settles."""
    attempt = locked(attempt_id)
    if attempt.is_over:
        return
    timeline.note(
        attempt.session_id, TimelineKind.SIGN_IN_FAILED, code=code, user=attempt.started_by, step=attempt.step
    )
    finish(attempt, SignInStep.FAILED, code)


def _only_one(number: int) -> None:
    """The same session given twice at once is tried once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('auth-key'), hashtext(%s))", [str(number)])
