"""What can stand still is told apart, named in the timeline and cured; a quiet account is left alone."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat, Message
from apps.chats.services import messages
from apps.commands.command_kinds import SPECS, CommandKind
from apps.commands.models import Command
from apps.sessions.models import Session, SessionEvent
from tests.gateway.conftest import PHONE
from tests.kit.threads import GatewayThread, SandboxThread, ready, sign_in
from tests.kit.waiting import eventually
from tgadmin.gateway.accounts import watchdog
from tgadmin.gateway.accounts.watchdog import Watchdog
from tgadmin.gateway.commands import bus
from tgadmin.gateway.commands.handlers import HANDLERS
from tgadmin.gateway.commands.job import Done, Job
from tgadmin.telegram._telethon import wire


def timeline(session: Session) -> list[tuple[str, str]]:
    rows = SessionEvent.objects.filter(session=session).order_by("id")
    return list(rows.values_list("kind", "code"))


def connections(dc: SandboxThread) -> int:
    return len(dc.server.record.connections)


def stored(session: Session, text: str) -> bool:
    return Message.objects.filter(session_id=session.pk, text=text).exists()


def test_a_quiet_account_is_never_connected_again(
    user: User,
    dc: SandboxThread,
    start_gateway: Callable[..., GatewayThread],
    person: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However little patience there is: it answers, and nothing is due."""
    checks: list[float] = []
    check = Watchdog.check

    def counted(self: Watchdog) -> None:
        checks.append(max((account.overdue for account in self._accounts.all().values()), default=0.0))
        check(self)

    monkeypatch.setattr(watchdog, "STUCK_SECONDS", 1.0)
    monkeypatch.setattr(Watchdog, "check", counted)
    start_gateway()
    person("Support", PHONE)
    session = sign_in(user, dc, PHONE)
    monkeypatch.setattr(watchdog, "POLL_SECONDS", 0.02)
    before, seen = connections(dc), timeline(session)
    first = len(checks)
    eventually(lambda: len(checks) > first + 60)
    assert max(checks[first:]) == 0.0
    assert connections(dc) == before
    assert timeline(session) == seen


def test_a_dead_socket(
    user: User,
    dc: SandboxThread,
    start_gateway: Callable[..., GatewayThread],
    person: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = wire.Pings
    monkeypatch.setattr(wire, "Pings", lambda: honest(every=0.2, disconnect=60, patience=1.0))
    start_gateway()
    person("Support", PHONE)
    session = sign_in(user, dc, PHONE)
    me = session.telegram_user_id
    dc.faults("freeze", user=me)
    dc.world("send", person("Anna"), me, "into the void")
    eventually(lambda: ("status.disconnected", "SOCKET_DEAD") in timeline(session))
    dc.faults("thaw", user=me)
    eventually(lambda: stored(session, "into the void"))
    ready(session)
    assert not any(kind == "watchdog" for kind, _ in timeline(session))


def test_a_stuck_handler(
    user: User,
    dc: SandboxThread,
    start_gateway: Callable[..., GatewayThread],
    person: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest, stuck = HANDLERS[CommandKind.SEND], [True]

    async def run(job: Job) -> Done:
        if stuck:
            stuck.pop()
            await asyncio.get_running_loop().create_future()
        return await honest.run(job)

    monkeypatch.setitem(HANDLERS, CommandKind.SEND, replace(honest, run=run))
    impatient = replace(SPECS[CommandKind.SEND], timeout=0.5)
    monkeypatch.setattr(bus, "SPECS", {**SPECS, CommandKind.SEND: impatient})
    start_gateway()
    person("Support", PHONE)
    session = sign_in(user, dc, PHONE)
    anna = person("Anna")
    dc.world("send", anna, session.telegram_user_id, "hello")
    chat = eventually(lambda: Chat.objects.filter(session=session, peer_id=anna).first())
    before = connections(dc)
    row = messages.send(user, chat, "after all", cid=uuid.uuid4())
    eventually(lambda: Message.objects.get(pk=row.pk).state == Message.State.SENT)
    assert ("watchdog", "HANDLER_STUCK") in timeline(session)
    assert connections(dc) == before
    eventually(lambda: Command.objects.get(session=session, kind=CommandKind.SEND).state == Command.State.DONE)


def test_a_stuck_gap(
    user: User,
    dc: SandboxThread,
    start_gateway: Callable[..., GatewayThread],
    person: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An update is lost, and what should bring it is never answered."""
    monkeypatch.setattr(watchdog, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(watchdog, "STUCK_SECONDS", 1.0)
    start_gateway()
    person("Support", PHONE)
    session = sign_in(user, dc, PHONE)
    anna, me = person("Anna"), session.telegram_user_id
    dc.faults("late", "updates.getDifference", 3600.0)
    pusher = dc.server.world.pusher
    dc.call(setattr, dc.server.world, "pusher", lambda *_: None)
    dc.world("send", anna, me, "lost")
    dc.call(setattr, dc.server.world, "pusher", pusher)
    dc.world("send", anna, me, "shows it")
    eventually(lambda: ("watchdog", "UPDATES_STUCK") in timeline(session))
    eventually(lambda: ("status.disconnected", "UPDATES_STUCK") in timeline(session))
    eventually(lambda: stored(session, "lost") and stored(session, "shows it"))
    ready(session)
