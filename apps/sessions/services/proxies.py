"""Accounts' proxies. A proxy is tried by the gateway before it is used: what fails changes nothing.

Nothing here, and nothing in the gateway, goes around a proxy that does not work: only ``ask_to_set`` with no proxy,
which a manager asks for, makes an account's connections direct again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command
from apps.commands.services import commands
from apps.common.fields import opened
from apps.common.notify import EVENTS, notify
from apps.sessions.models import Session, SessionProxy, SessionProxySecret, TimelineKind
from apps.sessions.services import rights, timeline
from apps.staff.roles import Role
from apps.staff.services.audit import audit
from tgadmin.core.encryption import DecryptionError
from tgadmin.core.proxies import Proxy, ProxyKind

_LOAD = """
SELECT p.session_id, p.kind, p.host, p.port, p.checked_at IS NOT NULL, s.secret
FROM telegram_proxies p JOIN telegram_proxy_secrets s ON s.proxy_id = p.session_id WHERE p.session_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A session's proxy; ``is_tried`` once it has worked."""

    proxy: Proxy
    is_tried: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """The result of a connection test: ``code`` "" when it works; times in milliseconds."""

    code: str = ""
    connect_ms: int | None = None
    answer_ms: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "ok": not self.code,
            "error": self.code,
            "connect_ms": self.connect_ms,
            "answer_ms": self.answer_ms,
        }


def load(session_id: int) -> Stored | None:
    """The session's proxy with its secrets; None: its connections are direct. Raises DecryptionError."""
    found = load_all([session_id]).get(session_id)
    if isinstance(found, DecryptionError):
        raise found
    return found


def load_all(session_ids: Sequence[int]) -> dict[int, Stored | DecryptionError]:
    """The proxies of those that have one, each with its secrets or with why they cannot be read."""
    found: dict[int, Stored | DecryptionError] = {}
    with connection.cursor() as cursor:  # not through the model, which would decrypt all of them or none
        cursor.execute(_LOAD, [list(session_ids)])
        for session_id, kind, host, port, is_tried, secret in cursor.fetchall():
            try:
                parts = cast("dict[str, str]", opened(secret, "telegram_proxy_secrets", "secret", session_id))
                found[session_id] = Stored(Proxy(ProxyKind(kind), host, port, **parts), is_tried)
            except DecryptionError as error:
                found[session_id] = error
    return found


@transaction.atomic
def ask_to_set(user: User, session: Session, proxy: Proxy | None) -> Command:
    """Has the gateway try the proxy (None: no proxy) and use it from then on if it works; the account connects
    again. Raises Forbidden."""
    rights.require(user, session.pk, Role.MANAGER)
    payload: dict[str, Any] = {} if proxy is None else {"kind": proxy.kind, "host": proxy.host, "port": proxy.port}
    secret = None if proxy is None else proxy.to_secret()
    audit(user, "proxy.asked", session, **payload)
    return commands.enqueue(session.pk, CommandKind.PROXY_SET, payload, secret=secret, user=user)


@transaction.atomic
def ask_to_try(user: User, session: Session) -> Command:
    """Has the gateway test the account's connection to Telegram, with its proxy or without. Raises Forbidden."""
    rights.require(user, session.pk, Role.MANAGER)
    return commands.enqueue(session.pk, CommandKind.PROXY_TRY, {}, user=user)


def of_command(payload: dict[str, Any], secret: dict[str, str]) -> Proxy | None:
    """The proxy that a PROXY_SET command is about; None: no proxy."""
    if not payload:
        return None
    return Proxy(ProxyKind(payload["kind"]), str(payload["host"]), int(payload["port"]), **secret)


@transaction.atomic
def store(session_id: int, proxy: Proxy | None, user: User | None, trial: Trial | None = None) -> None:
    """Keep the session's proxy, or none; ``trial`` None: it is tried before its first use."""
    SessionProxy.objects.filter(pk=session_id).delete()
    if proxy is not None:
        row = SessionProxy.objects.create(
            session_id=session_id, kind=proxy.kind.value, host=proxy.host, port=proxy.port, set_by=user
        )
        SessionProxySecret.objects.create(proxy=row, secret=proxy.to_secret())
        if trial is not None:
            tried(session_id, trial)
    facts = {} if proxy is None else {"proxy": proxy.kind.value}
    kind = TimelineKind.PROXY_SET if proxy is not None else TimelineKind.PROXY_REMOVED
    timeline.note(session_id, kind, user=user, **facts)
    notify(EVENTS, session_id)


@transaction.atomic
def tried(session_id: int, trial: Trial) -> None:
    """Keep the result of a test. One that has never worked stays untried, so that it is tried before it is used."""
    facts: dict[str, Any] = {"error_code": trial.code, "connect_ms": trial.connect_ms, "answer_ms": trial.answer_ms}
    rows = SessionProxy.objects.filter(pk=session_id)
    rows.update(**facts, **({} if trial.code else {"checked_at": timezone.now()}))
    notify(EVENTS, session_id)


def take_over(from_session: int, to_session: int) -> None:
    """An account that was known already was signed in through a proxy: it goes on through that one."""
    if SessionProxy.objects.filter(pk=from_session).exists():
        found = load(from_session)
        assert found is not None  # noqa: S101
        user = SessionProxy.objects.get(pk=from_session).set_by
        store(to_session, found.proxy, user, Trial() if found.is_tried else None)
