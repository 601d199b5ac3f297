"""One owner: what is stuck, frozen, cut off or mistaken about the time sends nothing until its lease holds again."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat, Message
from apps.chats.services import messages
from apps.commands.models import Lease, Node
from apps.sessions.models import Session, SessionEvent
from tests.gateway.conftest import PHONE
from tests.gateway.test_kill import same_network as one_network
from tests.gateway.test_kill import start_process
from tests.gateway.test_life import open_connections
from tests.kit.threads import GatewayThread, SandboxThread, ready, sign_in
from tests.kit.waiting import eventually
from tgadmin import __version__
from tgadmin.core.clock import SystemClock
from tgadmin.gateway import process
from tgadmin.gateway.ownership import lease
from tgadmin.telegram._telethon import wire

__all__ = ["one_network", "start_process"]

StartGateway = Callable[..., GatewayThread]


class SetClock(SystemClock):
    """A wall clock that somebody sets."""

    def __init__(self) -> None:
        self.set_by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.set_by


def test_a_stuck_loop_is_cut_off_from_a_thread(
    user: User,
    dc: SandboxThread,
    start_gateway: StartGateway,
    person: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = wire.Pings
    monkeypatch.setattr(wire, "Pings", lambda: honest(disconnect=60))  # not Telegram closes it, but we
    gateway = start_gateway()
    person("Support", PHONE)
    session = sign_in(user, dc, PHONE)
    free = threading.Event()
    gateway.block(free)
    try:
        eventually(lambda: open_connections(dc) == [])
        assert not gateway.process.leases.allowed()
    finally:
        free.set()
    ready(session)
    eventually(lambda: len(open_connections(dc)) == 1)


@pytest.mark.parametrize("seconds", [-40, 45])
def test_a_clock_that_jumps_makes_a_new_connection(
    user: User, dc: SandboxThread, start_gateway: StartGateway, person: Callable[..., int], seconds: int
) -> None:
    clock = SetClock()
    start_gateway(clock=clock)
    person("Support", PHONE)
    session = sign_in(user, dc, PHONE)
    before = len(dc.server.record.connections)
    clock.set_by = timedelta(seconds=seconds)
    eventually(lambda: len(dc.server.record.connections) == before + 1)
    line = eventually(lambda: SessionEvent.objects.filter(session=session, kind="clock_jumped").first())
    assert (line.code, line.detail) == ("CLOCK_JUMPED", {"seconds": seconds})
    dc.world("send", person("Anna"), session.telegram_user_id, "hello")
    eventually(lambda: Message.objects.filter(session_id=session.pk, text="hello").exists())
    ready(session)


def test_a_frozen_gateway_is_taken_over_and_sends_nothing_when_it_thaws(
    user: User,
    dc: SandboxThread,
    start_process: Callable[[], subprocess.Popen[bytes]],
    start_gateway: StartGateway,
    person: Callable[..., int],
    one_network: None,
) -> None:
    dc.faults("one_connection")  # the key would be dead at the first request of a second owner
    person("Support", PHONE)
    frozen = start_process()
    session = sign_in(user, dc, PHONE)
    anna, me = person("Anna"), session.telegram_user_id
    dc.world("send", anna, me, "hello")
    chat = eventually(lambda: Chat.objects.filter(session=session, peer_id=anna).first())
    fence = Lease.objects.get(session=session).fence
    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        last = max(one.number for one in dc.call(dc.server.record.open_connections))
        rows = [messages.send(user, chat, f"number {number}", cid=uuid.uuid4()) for number in range(5)]
        dc.world("send", anna, me, "while it was frozen")
        start_gateway()
        eventually(lambda: Lease.objects.get(session=session).fence == fence + 1, seconds=30)
        eventually(lambda: not rows_open(rows))
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    eventually(lambda: Node.objects.count() == 2 and beats(frozen.pid))
    after = [messages.send(user, chat, f"after {number}", cid=uuid.uuid4()) for number in range(3)]
    eventually(lambda: not rows_open(after))
    uses = [use.connection for use in dc.server.record.uses_of(user_id=me)]
    first_of_the_new_owner = next(at for at, number in enumerate(uses) if number > last)
    assert all(number > last for number in uses[first_of_the_new_owner:])
    texts = [one["text"] for one in dc.world("snapshot", anna)[me]]
    ours = [text for text in texts if text not in ("hello", "while it was frozen")]
    assert ours == [*(f"number {number}" for number in range(5)), *(f"after {number}" for number in range(3))]
    assert Message.objects.filter(session_id=session.pk, text="while it was frozen").count() == 1
    ready(session)


def rows_open(rows: list[Message]) -> int:
    return Message.objects.filter(pk__in=[row.pk for row in rows]).exclude(state=Message.State.SENT).count()


def beats(pid: int) -> bool:
    """Whether the node of that process has beaten just now."""
    before = Node.objects.get(pid=pid).beat
    return bool(eventually(lambda: Node.objects.get(pid=pid).beat > before))


def test_a_drain_hands_over_at_once(
    user: User, dc: SandboxThread, start_gateway: StartGateway, person: Callable[..., int]
) -> None:
    dc.faults("one_connection")
    first = start_gateway(name="first")
    person("Support", PHONE)
    session = sign_in(user, dc, PHONE)
    second = start_gateway(name="second")
    eventually(lambda: Node.objects.count() == 2)
    fence = Lease.objects.get(session=session).fence
    anna = person("Anna")
    dc.world("send", anna, session.telegram_user_id, "hello")
    chat = eventually(lambda: Chat.objects.filter(session=session, peer_id=anna).first())
    row = messages.send(user, chat, "in flight", cid=uuid.uuid4())
    assert first.stop()
    # Nine seconds of watching would be over only after this.
    eventually(lambda: Lease.objects.filter(session=session, owner__name="second", fence=fence + 1).exists(), seconds=8)
    ready(session)
    eventually(lambda: not rows_open([row]))
    assert second.process.leases.held.keys() == {session.pk}
    assert [one["text"] for one in dc.world("snapshot", anna)[session.telegram_user_id]] == ["hello", "in flight"]


def test_a_gateway_that_comes_gets_its_part_and_two_versions_work_side_by_side(
    user: User,
    dc: SandboxThread,
    start_gateway: StartGateway,
    person: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lease, "MOVE_SECONDS", 0.2)
    dc.faults("one_connection")
    old = start_gateway(name="old")
    phones = [f"49151100000{number}" for number in range(4)]
    for phone in phones:
        person("Support", phone)
    sessions = [sign_in(user, dc, phone, name=phone) for phone in phones]
    monkeypatch.setattr(process, "__version__", "9.9.9")
    new = start_gateway(name="new")
    eventually(lambda: (len(old.process.leases.held), len(new.process.leases.held)) == (2, 2), seconds=40)
    assert set(Node.objects.values_list("version", flat=True)) == {__version__, "9.9.9"}
    anna = person("Anna")
    for session in sessions:
        ready(session)
        dc.world("send", anna, session.telegram_user_id, "hello")
    eventually(lambda: Message.objects.filter(text="hello").count() == 4)
    fences = dict(Lease.objects.values_list("session_id", "fence"))
    assert sorted(fences.values()) == [1, 1, 2, 2]  # two moved, once each
    assert new.stop()
    eventually(lambda: len(old.process.leases.held) == 4)
    for session in sessions:
        ready(session)
    assert not Session.objects.exclude(status="ready").exists()
