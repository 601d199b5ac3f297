"""A killed gateway: the next one on this host is at work at once, because the death can be proven."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from apps.chats.models import Chat, Message
from apps.commands.models import Lease
from apps.sessions.models import Session
from apps.signin import services as signin
from apps.signin.models import SignInStep
from tests.gateway.conftest import PHONE
from tests.kit.database import database_url
from tests.kit.running import ROOT
from tests.kit.threads import API_HASH, API_ID, SandboxThread, at_step, ready, sign_in
from tests.kit.waiting import eventually


@pytest.fixture
def start_process(user: User, dc: SandboxThread) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts `manage.py gateway` on the tests' database and data centre."""
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "TELEGRAM_API_ID": str(API_ID),
        "TELEGRAM_API_HASH": API_HASH,
        "TELEGRAM_DC": f"1@{dc.server.host}:{dc.server.port}",
        "TELEGRAM_DC_PUBLIC_KEY": str(dc.public_key_path),
    }
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "gateway"]
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture(autouse=True)
def same_network(monkeypatch: pytest.MonkeyPatch, dc: SandboxThread) -> None:
    """The processes name the network by its key, as the product does."""
    import hashlib

    name = "dc-" + hashlib.sha256(dc.public_key_path.read_bytes().strip()).hexdigest()[:12]
    monkeypatch.setattr(settings, "TELEGRAM_NETWORK", name)
    monkeypatch.setattr("tests.kit.threads.NETWORK_NAME", name)


def test_kill_9_and_the_next_one_goes_on(
    user: User,
    dc: SandboxThread,
    start_process: Callable[[], subprocess.Popen[bytes]],
    person: Callable[..., int],
) -> None:
    anna = person("Anna")
    person("Support", PHONE)
    first = start_process()
    session = sign_in(user, dc, PHONE)
    me = session.telegram_user_id
    dc.world("send", anna, me, "one")
    eventually(lambda: Message.objects.filter(session_id=session.pk).count() == 1)
    fence = Lease.objects.get(session=session).fence
    first.kill()
    first.wait()
    dc.world("send", anna, me, "two")
    start_process()
    # Nine seconds of watching would be over only after this.
    eventually(lambda: Message.objects.filter(session_id=session.pk).count() == 2, seconds=8)
    assert Lease.objects.get(session=session).fence == fence + 1
    assert Chat.objects.get(session=session).unread_count == 2
    ready(session)


def test_a_sign_in_survives_a_kill_between_its_steps(
    user: User,
    dc: SandboxThread,
    start_process: Callable[[], subprocess.Popen[bytes]],
    person: Callable[..., int],
) -> None:
    person("Support", PHONE, password="correct horse")
    process = start_process()
    attempt = at_step(signin.start(user, "Support", PHONE), SignInStep.CODE)
    for step, submit in (
        (SignInStep.PASSWORD, lambda: signin.submit_code(user, attempt, dc.code(PHONE))),
        (SignInStep.DONE, lambda: signin.submit_password(user, attempt, "correct horse")),
    ):
        process.kill()
        process.wait()
        submit()
        process = start_process()
        at_step(attempt, step)
    attempt.refresh_from_db()
    ready(attempt.session)
    assert Session.objects.count() == 1
    assert len(dc.call(dc.server.keys_of, attempt.session.telegram_user_id)) == 1


def test_sigterm_ends_it_cleanly(
    user: User, dc: SandboxThread, start_process: Callable[[], subprocess.Popen[bytes]], person: Callable[..., int]
) -> None:
    person("Support", PHONE)
    process = start_process()
    session = sign_in(user, dc, PHONE)
    process.terminate()
    assert process.wait(10) == 0
    assert Lease.objects.get(session=session).owner_id is None
