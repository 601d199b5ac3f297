"""What is done to a whole account: logging an authorization out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from apps.commands.command_kinds import CommandKind
from apps.commands.services.leases import Held
from apps.sessions.models import Authorization, AuthorizationSecret
from apps.sessions.services import authorizations, future_tokens
from tgadmin.core.errors import TelegramError
from tgadmin.gateway.accounts import handover
from tgadmin.gateway.accounts.signins import close
from tgadmin.gateway.accounts.state import plain
from tgadmin.gateway.commands.job import Done, Handler, Job
from tgadmin.telegram import Key

BY_STAFF, REPLACED = "LOGGED_OUT_BY_STAFF", "REPLACED"


@dataclass(frozen=True, slots=True)
class Found:
    """An authorization whose key is still here."""

    id: int
    key: Key
    is_current: bool
    was_ours: bool
    """Whether it was ever the account's own: not one that was turned away at its sign-in."""


def load(session_id: int, authorization_id: int) -> Found | None:
    secret = AuthorizationSecret.objects.filter(
        authorization_id=authorization_id, authorization__session_id=session_id
    ).select_related("authorization")
    row = secret.first()
    if row is None:
        return None
    current = row.authorization.role == Authorization.Role.CURRENT
    was_ours = current or row.authorization.end_code in (BY_STAFF, REPLACED)
    return Found(authorization_id, Key.from_json(plain(row)), current, was_ours)


async def log_out(job: Job) -> Done:
    """End the authorization at Telegram, then erase its key. One that has ended already is as good."""
    found = await job.tools.threads.run(load, job.held.session_id, int(job.payload["authorization"]))
    if found is None:
        return Done({"gone": True})
    # The account's own connection is closed first, and not made again before this is settled: one key is never used
    # over two connections.
    account = job.tools.accounts.get(job.held.session_id)
    if found.is_current or (account is not None and account.authorization_id == found.id):
        await job.until_settled.enter_async_context(job.tools.accounts.without(job.held.session_id))
    client = await job.tools.signins.fresh(job.held.session_id, found.key)
    try:
        await client.connect()
        await client.log_out()
    except TelegramError as error:
        if not error.is_fatal:
            raise
    finally:
        await close(client)
    token = client.future_token if found.was_ours else None
    return Done(effect=partial(_ended, job.held, found, token))


def _ended(held: Held, found: Found, token: bytes | None) -> None:
    if found.is_current:
        handover.stop(held, found.id, BY_STAFF)
    else:
        authorizations.end(found.id, BY_STAFF)
    future_tokens.keep(held.session_id, token)


HANDLERS = {CommandKind.LOG_OUT: Handler(log_out)}
