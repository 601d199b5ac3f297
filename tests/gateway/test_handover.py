"""The end of an authorization, as the gateway that holds the account writes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from apps.commands.models import Command
from apps.commands.services import commands
from apps.sessions.models import Authorization, AuthorizationSecret, Session, SessionEvent, SessionStatus
from apps.sessions.services import authorizations, sessions
from tests.gateway.test_sending import chat_with, send, sent
from tests.kit.accounts import key
from tests.kit.threads import GatewayThread, SandboxThread
from tests.kit.waiting import eventually
from tgadmin.gateway.accounts import handover

Role = Authorization.Role


@pytest.mark.parametrize("role", [Role.OLD, Role.SPARE])
def test_the_end_of_a_key_that_is_not_current_leaves_the_account_running(
    role: Authorization.Role,
    session: Session,
    dc: SandboxThread,
    user: User,
    gateway: GatewayThread,
    person: Callable[..., int],
) -> None:
    anna = chat_with(session, dc, person("Anna"))
    eventually(lambda: not Command.objects.filter(session=session, state__in=commands.OPEN).exists())
    dc.faults("flood", "messages.getDialogs", 3600)
    waiting = sessions.resync(user, session)
    eventually(lambda: Command.objects.filter(pk=waiting.pk, not_before__isnull=False).exists())
    current = Authorization.objects.get(session=session, role=Role.CURRENT)
    other = authorizations.store(session.pk, key(77), role)
    events = SessionEvent.objects.filter(session=session).count()
    account = gateway.process.accounts.get(session.pk)

    handover.stop(gateway.process.leases.held[session.pk], other.pk, "AUTH_KEY_UNREGISTERED")

    other.refresh_from_db()
    assert (other.role, other.end_code) == (Role.OLD, "AUTH_KEY_UNREGISTERED")
    assert not AuthorizationSecret.objects.filter(pk=other.pk).exists()
    assert AuthorizationSecret.objects.filter(pk=current.pk).exists()
    waiting.refresh_from_db()
    assert waiting.state == Command.State.QUEUED
    assert sent(send(user, anna, "still here"))
    assert gateway.process.accounts.get(session.pk) is account
    session.refresh_from_db()
    assert (session.status, session.status_code) == (SessionStatus.READY, "")
    assert SessionEvent.objects.filter(session=session).count() == events
