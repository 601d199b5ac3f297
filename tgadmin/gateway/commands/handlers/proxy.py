"""Tests an account's connection to Telegram, and changes its proxy once the new one works."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command, CommandSecret
from apps.sessions.models import Authorization, AuthorizationSecret
from apps.sessions.services import proxies
from apps.sessions.services.proxies import Trial
from tgadmin.core.errors import TelegramError
from tgadmin.core.proxies import Proxy
from tgadmin.gateway.accounts import proxy_check
from tgadmin.gateway.accounts.state import plain
from tgadmin.gateway.commands.job import Done, Handler, Job
from tgadmin.telegram import Key


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command is about: ``key`` of the account (None: not signed in), ``proxy`` to be tried (None: none)."""

    key: Key | None
    proxy: Proxy | None


def current_key(session_id: int) -> Key | None:
    secret = AuthorizationSecret.objects.filter(
        authorization__session_id=session_id, authorization__role=Authorization.Role.CURRENT
    ).first()
    return None if secret is None else Key.from_json(plain(secret))


def load_new(session_id: int, command_id: int, payload: dict[str, object]) -> Asked | None:
    """The proxy that somebody entered; None: it was taken back meanwhile."""
    given = CommandSecret.objects.filter(command_id=command_id).first()
    if payload and given is None:
        return None
    secret = {} if given is None else plain(given)
    return Asked(current_key(session_id), proxies.of_command(payload, secret))


def load_stored(session_id: int) -> Asked:
    stored = proxies.load(session_id)
    return Asked(current_key(session_id), None if stored is None else stored.proxy)


async def set_proxy(job: Job) -> Done:
    """Try it; if it works the account goes through it from now on, else nothing changes."""
    asked = await job.tools.threads.run(load_new, job.held.session_id, job.command.id, dict(job.payload))
    if asked is None:
        raise TelegramError("CANCELLED_BY_STAFF")
    trial = await proxy_check.attempt(job.tools.network, asked.key, asked.proxy)
    if trial.code:
        return Done(trial.as_dict())
    # Left after the command is settled: the next connection begins with what is stored then.
    job.until_settled.callback(_connect_again, job)
    return Done(trial.as_dict(), partial(_keep, job.command.id, job.held.session_id, asked.proxy, trial))


def _keep(command_id: int, session_id: int, proxy: Proxy | None, trial: Trial) -> None:
    command = Command.objects.select_related("created_by").get(pk=command_id)
    proxies.store(session_id, proxy, command.created_by, trial)


def _connect_again(job: Job) -> None:
    account = job.tools.accounts.get(job.held.session_id)
    if account is not None:
        account.rebuild()


async def try_proxy(job: Job) -> Done:
    """Test the connection as it is."""
    asked = await job.tools.threads.run(load_stored, job.held.session_id)
    trial = await proxy_check.attempt(job.tools.network, asked.key, asked.proxy)
    return Done(trial.as_dict(), partial(proxies.tried, job.held.session_id, trial))


HANDLERS = {CommandKind.PROXY_SET: Handler(set_proxy), CommandKind.PROXY_TRY: Handler(try_proxy)}
