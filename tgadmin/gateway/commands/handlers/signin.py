"""The steps of a sign-in at Telegram. What each answer does to the attempt, services.signin says."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from apps.commands.command_kinds import CommandKind
from apps.commands.models import CommandSecret
from apps.sessions.services import status
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInMethod, SignInSecret
from tgadmin.core import errors
from tgadmin.core.errors import Action, TelegramError
from tgadmin.core.types import CodeRoute, Peer
from tgadmin.gateway.accounts.signins import close
from tgadmin.gateway.accounts.state import plain
from tgadmin.gateway.commands.job import Done, Handler, Job, Payload
from tgadmin.telegram import Key, LoginToken, LoginTokenMoved, SignInClient

PASSWORD_NEEDED = "SESSION_PASSWORD_NEEDED"  # noqa: S105  an error's name


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a step begins with. ``key`` is None before the first code was sent."""

    id: str
    phone: str
    is_over: bool
    method: str
    key: Key | None
    code_hash: str
    code_via: str
    import_token: bytes
    secret: dict[str, Any]


Step = Callable[[Job, Attempt, SignInClient], Awaitable[Done]]


def load(attempt_id: str, command_id: int) -> Attempt | None:
    """The attempt with its secrets; None when it is gone."""
    attempt = SignInAttempt.objects.filter(pk=attempt_id).first()
    if attempt is None:
        return None
    row = SignInSecret.objects.filter(attempt=attempt).first()
    given = CommandSecret.objects.filter(command_id=command_id).first()
    secret = {} if row is None else plain(row)
    key = Key.from_json(secret) if secret.get("auth_key") else None
    return Attempt(
        id=str(attempt.pk),
        phone=attempt.phone,
        is_over=attempt.is_over,
        method=attempt.method,
        key=key,
        import_token=_bytes(secret.get("import_token")),
        code_hash=str(secret.get("phone_code_hash", "")),
        code_via=attempt.code_via,
        secret={} if given is None else plain(given),
    )


def _bytes(text: str | None) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if text else b""


def _step(act: Step, *, needs_key: bool = True) -> Callable[[Job], Awaitable[Done]]:
    """A handler around one step: loads the attempt, gives it its connection, drops a broken one."""

    async def run(job: Job) -> Done:
        attempt = await job.tools.threads.run(load, str(job.payload["attempt"]), job.command.id)
        if attempt is None or attempt.is_over:
            return Done({"over": True})
        if needs_key and attempt.key is None:
            raise TelegramError("PHONE_CODE_EXPIRED")
        try:
            client = await job.tools.signins.client(
                attempt.id, job.held.session_id, attempt.key, updates=attempt.method == SignInMethod.QR
            )
            return await act(job, attempt, client)
        except TelegramError as error:
            if error.kind in (errors.Kind.NETWORK, errors.Kind.SESSION) and error.code != PASSWORD_NEEDED:
                await job.tools.signins.drop(attempt.id)
            raise

    return run


async def _send_code(job: Job, attempt: Attempt, client: SignInClient) -> Done:
    if (done := await _signed_in_already(job, attempt, client)) is not None:
        return done
    threads = job.tools.threads
    tokens = await threads.run(signin.tokens_of, attempt.id)

    async def store(key: Key) -> None:
        await threads.run(signin.key_made, attempt.id, key.to_json())

    try:
        sent = await client.send_code(attempt.phone, tokens, store if tokens else None)
    except TelegramError as error:
        if error.code != PASSWORD_NEEDED:
            raise
        hint = await _hint(client)
        return Done(effect=partial(signin.password_needed, attempt.id, client.key.to_json(), hint))
    if isinstance(sent, Peer):
        return await _signed_in(job, attempt, client, sent)
    key, refused = client.key.to_json(), bool(tokens)
    return Done(effect=partial(signin.code_sent, attempt.id, key, sent, tokens_refused=refused))


async def _resend(job: Job, attempt: Attempt, client: SignInClient) -> Done:
    sent = await client.resend(attempt.phone, attempt.code_hash)
    return Done(effect=partial(signin.code_sent, attempt.id, client.key.to_json(), sent))


async def _email(job: Job, attempt: Attempt, client: SignInClient) -> Done:
    sent = await client.set_up_email(attempt.phone, attempt.code_hash, _given(attempt, "email"))
    return Done(effect=partial(signin.code_sent, attempt.id, client.key.to_json(), sent))


async def _code(job: Job, attempt: Attempt, client: SignInClient) -> Done:
    if (done := await _signed_in_already(job, attempt, client)) is not None:
        return done
    code = _given(attempt, "code")
    if attempt.code_via == CodeRoute.NEW_EMAIL:
        sent = await client.verify_email(attempt.phone, attempt.code_hash, code)
        return Done(effect=partial(signin.code_sent, attempt.id, client.key.to_json(), sent))
    by_email = attempt.code_via == CodeRoute.EMAIL
    try:
        profile = await client.sign_in(attempt.phone, attempt.code_hash, code, by_email=by_email)
    except TelegramError as error:
        if error.code != PASSWORD_NEEDED:
            raise
        hint = await _hint(client)
        return Done(effect=partial(signin.password_needed, attempt.id, client.key.to_json(), hint))
    return await _signed_in(job, attempt, client, profile)


async def _qr(job: Job, attempt: Attempt, client: SignInClient) -> Done:
    """How the login token stands: a new one to show, one that was accepted, or the account."""
    if (done := await _signed_in_already(job, attempt, client)) is not None:
        return done
    try:
        answer = await _token(attempt, client)
    except TelegramError as error:
        if error.code != PASSWORD_NEEDED:
            raise
        hint = await _hint(client)
        return Done(effect=partial(signin.password_needed, attempt.id, client.key.to_json(), hint))
    key = client.key.to_json()
    if isinstance(answer, LoginTokenMoved):
        return Done(effect=partial(signin.token_moved, attempt.id, key, answer.token))
    if isinstance(answer, Peer):
        return await _signed_in(job, attempt, client, answer)
    threads, wake = job.tools.threads, job.tools.bell.ring

    async def accepted() -> None:
        await threads.run(signin.token_accepted, attempt.id)
        wake()

    job.tools.signins.watch(attempt.id, accepted)
    return Done(effect=partial(signin.token_shown, attempt.id, key, answer.token, answer.seconds))


async def _token(attempt: Attempt, client: SignInClient) -> LoginToken | LoginTokenMoved | Peer:
    """Import the token that was accepted; a new one in place of one that is of no use any more, or is not there."""
    if attempt.import_token:
        try:
            return await client.import_token(attempt.import_token)
        except TelegramError as error:
            if not error.code.startswith("AUTH_TOKEN_"):
                raise
    return await client.export_token()


async def _import(job: Job) -> Done:
    """Try another program's key: it is connected with once, on this network only, and closed before it is ours."""
    attempt = await job.tools.threads.run(load, str(job.payload["attempt"]), job.command.id)
    if attempt is None or attempt.is_over or attempt.key is None:
        return Done({"over": True})
    client = await job.tools.signins.fresh(job.held.session_id, None)
    try:
        await client.connect()
        profile = await client.adopt(attempt.key)
    finally:
        await close(client)
    return Done(effect=partial(_keep, attempt.id, client.key, profile))


async def _password(job: Job, attempt: Attempt, client: SignInClient) -> Done:
    if (done := await _signed_in_already(job, attempt, client)) is not None:
        return done
    profile = await client.check_password(_given(attempt, "password"))
    return await _signed_in(job, attempt, client, profile)


async def _hint(client: SignInClient) -> str:
    """A help, no more: the code was right, whatever is answered now."""
    try:
        return await client.password_hint()
    except TelegramError as error:
        if error.is_fatal:
            raise
        return ""


def _given(attempt: Attempt, name: str) -> str:
    """What the person typed; gone if somebody cancelled meanwhile."""
    if name not in attempt.secret:
        raise TelegramError("CANCELLED_BY_STAFF")
    return str(attempt.secret[name])


async def _signed_in_already(job: Job, attempt: Attempt, client: SignInClient) -> Done | None:
    """After an unknown outcome: Telegram may have let us in without our hearing it."""
    profile = await client.me() if job.unknown else None
    return None if profile is None else await _signed_in(job, attempt, client, profile)


async def _signed_in(job: Job, attempt: Attempt, client: SignInClient, profile: Peer) -> Done:
    """Telegram has let the account in, which cannot be had twice: nothing more is asked before that is stored. The
    state to begin from, the list of chats and the devices are the account's own, repeatable steps."""
    key, token = client.key, client.future_token
    # Closed before the account may be connected: one key is never used over two connections.
    await job.tools.signins.drop(attempt.id)
    return Done(effect=partial(_keep, attempt.id, key, profile, token))


def _keep(attempt_id: str, key: Key, profile: Peer, token: bytes | None = None) -> None:
    status.changed(signin.signed_in(attempt_id, key.to_json(), profile, token))


async def _cancel(job: Job) -> Done:
    """Let the code go at Telegram as well; what Telegram says to that changes nothing."""
    attempt = await job.tools.threads.run(load, str(job.payload["attempt"]), job.command.id)
    if attempt is None:
        return Done()
    try:
        if attempt.key is not None and attempt.method != SignInMethod.IMPORT:
            client = await job.tools.signins.client(attempt.id, job.held.session_id, attempt.key)
            await _let_go(attempt, client)
    except TelegramError as error:
        if error.disposition.action is Action.RETRY and job.command.attempts < job.spec.tries:
            raise
    finally:
        await job.tools.signins.drop(attempt.id)
    return Done(effect=partial(_cancelled, attempt.id))


async def _let_go(attempt: Attempt, client: SignInClient) -> None:
    """The code is not wanted any more; a key that is in (a step's answer was lost), or that a QR code has brought
    half-way in, is logged out."""
    if attempt.code_hash and await client.me() is None:
        await client.cancel(attempt.phone, attempt.code_hash)
    else:
        await client.log_out()


def _cancelled(attempt_id: str) -> None:
    if SignInAttempt.objects.filter(pk=attempt_id).exists():
        signin.cancelled(attempt_id)


def _failed(payload: Payload, code: str, seconds: int | None) -> None:
    if SignInAttempt.objects.filter(pk=payload["attempt"]).exists():
        signin.step_failed(payload["attempt"], code, seconds)


def _import_failed(payload: Payload, code: str, seconds: int | None) -> None:
    if SignInAttempt.objects.filter(pk=payload["attempt"]).exists():
        signin.import_failed(payload["attempt"], code)


HANDLERS = {
    CommandKind.SIGN_IN_SEND_CODE: Handler(_step(_send_code, needs_key=False), failed=_failed),
    CommandKind.SIGN_IN_QR: Handler(_step(_qr, needs_key=False), failed=_failed),
    CommandKind.SIGN_IN_IMPORT: Handler(_import, failed=_import_failed),
    CommandKind.SIGN_IN_RESEND: Handler(_step(_resend), failed=_failed),
    CommandKind.SIGN_IN_CANCEL: Handler(_cancel, failed=_failed),
    CommandKind.SIGN_IN_CODE: Handler(_step(_code), failed=_failed),
    CommandKind.SIGN_IN_EMAIL: Handler(_step(_email), failed=_failed),
    CommandKind.SIGN_IN_PASSWORD: Handler(_step(_password), failed=_failed),
}
