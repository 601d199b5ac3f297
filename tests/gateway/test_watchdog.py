"""What can stand still is told apart, named in the timeline and cured; a quiet account is left alone."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

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
from tgadmin.core.errors import TelegramError
from tgadmin.gateway.accounts import watchdog
from tgadmin.gateway.accounts.watchdog import Watchdog
from tgadmin.gateway.commands import bus
from tgadmin.gateway.commands.handlers import HANDLERS
from tgadmin.gateway.commands.job import Done, Job
from tgadmin.telegram._telethon import wire
from tgadmin.telegram.client import updates


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
    checks: list[int] = []
    check = Watchdog.check

    def counted(self: Watchdog) -> None:
        checks.append(max((account.failed_answers for account in self._accounts.all().values()), default=0))
        check(self)

    monkeypatch.setattr(watchdog, "FAILED_ANSWERS", 1)
    monkeypatch.setattr(watchdog, "STUCK_POLLS", 1)
    monkeypatch.setattr(Watchdog, "check", counted)
    start_gateway()
    person("Support", PHONE)
    session = sign_in(user, dc, PHONE)
    monkeypatch.setattr(watchdog, "POLL_SECONDS", 0.02)
    before, seen = connections(dc), timeline(session)
    first = len(checks)
    eventually(lambda: len(checks) > first + 60)
    assert max(checks[first:]) == 0
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
    monkeypatch.setattr(watchdog, "FAILED_ANSWERS", 2)
    monkeypatch.setattr(updates, "ANSWER_SECONDS", 0.5)
    start_gateway()
    person("Support", PHONE)
    session = sign_in(user, dc, PHONE)
    anna, me = person("Anna"), session.telegram_user_id
    dc.faults("late", "updates.getDifference", 3600.0, times=2)
    pusher = dc.server.world.pusher
    dc.call(setattr, dc.server.world, "pusher", lambda *_: None)
    dc.world("send", anna, me, "lost")
    dc.call(setattr, dc.server.world, "pusher", pusher)
    dc.world("send", anna, me, "shows it")
    eventually(lambda: ("watchdog", "UPDATES_STUCK") in timeline(session))
    eventually(lambda: ("status.disconnected", "UPDATES_STUCK") in timeline(session))
    eventually(lambda: stored(session, "lost") and stored(session, "shows it"))
    ready(session)


def test_a_difference_that_takes_telegram_long_is_waited_for(
    session: Session, dc: SandboxThread, person: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long other requests may take: its pings are answered, and its answer is not thrown away."""
    monkeypatch.setattr(watchdog, "POLL_SECONDS", 0.02)
    anna, me = person("Anna"), session.telegram_user_id
    dc.call(dc.server.record.clear)
    dc.faults("late", "updates.getDifference", 17.0)  # other requests have 15 s
    dc.faults("lose", me)
    dc.world("send", anna, me, "lost")
    dc.world("send", anna, me, "shows it")
    eventually(lambda: stored(session, "lost") and stored(session, "shows it"), 60)
    assert len(dc.server.record.uses_of("updates.getDifference", user_id=me)) == 1
    assert not any(kind in ("watchdog", "status.disconnected") for kind, _ in timeline(session))


class FakeAccount:
    """What the watchdog sees of an account."""

    def __init__(self) -> None:
        self.failed_answers = 0
        self.at_work: int | None = None
        self.restarts = 0

    def restart(self, error: TelegramError) -> None:
        self.restarts += 1


class Post:
    """A watchdog of one account, on a clock of the test's own."""

    def __init__(self) -> None:
        self.account, self.seconds, self.notes = FakeAccount(), 0.0, []
        clock = SimpleNamespace(monotonic=lambda: self.seconds)
        accounts = SimpleNamespace(all=lambda: {1: self.account})
        self.watchdog = Watchdog(cast(Any, accounts), cast(Any, clock), lambda *_, **facts: self.notes.append(facts))

    def check(self, times: int) -> int:
        """Look so often, a second apart; how often the account has been restarted in all."""
        for _ in range(times):
            self.seconds += 1
            self.watchdog.check()
        return self.account.restarts


def test_failed_answers_are_counted_and_not_seconds() -> None:
    post = Post()
    post.account.failed_answers = watchdog.FAILED_ANSWERS - 1
    assert post.check(1000) == 0
    post.account.failed_answers += 1
    assert post.check(100) == 1
    post.account.failed_answers *= 2  # a new connection has not helped: twice as many now
    assert post.check(100) == 2
    assert [note["failed_answers"] for note in post.notes] == [watchdog.FAILED_ANSWERS, watchdog.FAILED_ANSWERS * 2]
    post.account.failed_answers = 0
    assert post.check(int(watchdog.CALM_SECONDS) + 1) == 2
    post.account.failed_answers = watchdog.FAILED_ANSWERS
    assert post.check(1) == 3


def test_work_that_goes_on_is_no_standstill() -> None:
    post = Post()
    for number in range(watchdog.STUCK_POLLS * 2):
        post.account.at_work = number
        assert post.check(1) == 0
    assert post.check(watchdog.STUCK_POLLS) == 1


def test_a_machine_too_busy_to_look_restarts_nothing() -> None:
    """Minutes between two looks say nothing of the account."""
    post = Post()
    post.account.at_work = 7
    for _ in range(3):
        post.seconds += 600
        assert post.check(1) == 0
