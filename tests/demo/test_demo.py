"""The demo: its file, its states, its tasks through the ordinary sign-in. The gateway's part is played as in
tests/commands/test_commands.py; tests/e2e has the real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from apps.chats.models import Chat, Peer
from apps.commands.models import Command
from apps.commands.services import commands
from apps.demo import services as demo
from apps.sessions.models import AuthorizationSecret, Session
from apps.sessions.services import rights
from apps.signin import services as signin
from apps.signin.models import SignInAttempt
from tests.kit.accounts import key, profile

PHONES = ["9996621111", "9996622222"]


@dataclass
class Sent:
    hash: str = "hash"
    via: str = "app"
    length: int | None = 5
    next_via: str = ""
    resend_after: int | None = None
    hint: str = ""


@pytest.fixture
def codes(tmp_path: Path, settings: Any) -> Path:
    path = tmp_path / "codes.jsonl"
    told = tmp_path / "demo.json"
    told.write_text(json.dumps({"phones": PHONES, "codes": str(path), "passwords": {PHONES[0]: "demo"}}))
    settings.DEMO_FILE = str(told)
    return path


@pytest.fixture
def boss(transactional_db: None) -> User:
    return User.objects.create_superuser("boss")


class Gateway:
    """Answers as the handlers do; ``wrong`` makes it refuse every code."""

    def __init__(self, codes: Path) -> None:
        self.codes, self.wrong = codes, False

    def answer(self, command: Command) -> None:
        if command.kind == "log_out":
            AuthorizationSecret.objects.filter(authorization_id=command.payload["authorization"]).delete()
        if not command.kind.startswith("sign_in."):
            return
        attempt = SignInAttempt.objects.get(pk=command.payload["attempt"])
        number = PHONES.index(attempt.phone) + 1
        if command.kind == "sign_in.send_code":
            with self.codes.open("a") as file:
                file.write(json.dumps({"phone": attempt.phone, "code": f"1000{number}"}) + "\n")
            signin.code_sent(attempt.pk, key(number), Sent())
        elif command.kind == "sign_in.code":
            given = command.secret_row.secret["code"]
            if self.wrong or given != f"1000{number}":
                signin.step_failed(attempt.pk, "PHONE_CODE_INVALID")
            elif number == 1:
                signin.password_needed(attempt.pk, key(number), "")
            else:
                signin.signed_in(attempt.pk, key(number), profile(number))
        elif command.kind == "sign_in.password":
            assert command.secret_row.secret == {"password": "demo"}
            signin.signed_in(attempt.pk, key(number), profile(number))
        else:
            signin.cancelled(attempt.pk)


@pytest.fixture
def gateway(codes: Path, transactional_db: None) -> Iterator[Gateway]:
    stop, played = threading.Event(), Gateway(codes)

    def work() -> None:
        try:
            while not stop.wait(0.02):
                with transaction.atomic():
                    for command in (
                        Command.objects.select_for_update(of=("self",)).filter(state="queued").order_by("id")
                    ):
                        played.answer(command)
                        commands.settle(Command.objects.get(pk=command.pk), Command.State.DONE)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield played
    stop.set()
    thread.join()


def phase(user: User) -> demo.Phase:
    state = demo.state(user)
    assert state is not None
    return state.phase


def settled(user: User) -> None:
    """Until the first chat lists are read."""
    for command in Command.objects.filter(state__in=commands.OPEN):
        commands.wait(command.pk, 10)


@pytest.mark.parametrize(
    "content", [None, "", "{}", '{"phones": [], "codes": "x"}', '{"phones": ["x"], "codes": "x"}', "[1]"]
)
def test_no_file_no_demo(boss: User, settings: Any, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "demo.json"
    if content is not None:
        path.write_text(content)
    for named in ("", str(path)):
        settings.DEMO_FILE = named
        assert demo.state(boss) is None
    client = Client()
    client.force_login(boss)
    assert b"Try the demo" not in client.get(reverse("admin:index")).content
    assert client.get(reverse("demo:overview")).status_code == 404
    assert client.post(reverse("demo:start")).status_code == 404


def test_one_click_signs_in_and_one_removes_everything(boss: User, gateway: Gateway) -> None:
    client = Client()
    client.force_login(boss)
    assert b"Try the demo" in client.get(reverse("admin:index")).content
    assert phase(boss) == demo.Phase.ABSENT
    watched = client.post(reverse("demo:start")).headers["Location"]
    assert b'data-again="?open"' in client.get(watched).content
    assert OrmQ.objects.count() == 1
    assert phase(boss) == demo.Phase.SIGNING_IN
    assert demo.run_sign_in(boss.pk) == "0 left"
    settled(boss)
    state = demo.state(boss)
    assert state is not None
    assert state.phase == demo.Phase.READY
    first = Session.objects.order_by("pk").first()
    assert first is not None
    assert state.open_at == f"/chats/{first.pk}/"
    assert client.get(reverse("demo:status")).json()["open"] == state.open_at
    # Who watched is led on even if the page was on its way when the demo became ready; who comes later stays.
    assert client.get(watched).headers["Location"] == state.open_at
    assert b"Open chats" in client.get(reverse("demo:overview")).content
    Chat.objects.create(session=first, peer_id=5, kind="user")
    asked = client.get(reverse("demo:remove")).content.decode()
    assert ("Remove the demo?" in asked, phase(boss)) == (True, demo.Phase.READY)
    assert client.post(reverse("demo:remove")).status_code == 302
    assert phase(boss) == demo.Phase.REMOVING
    assert demo.run_removal(boss.pk) == "0 left"
    for model in (Session, SignInAttempt, Chat, Peer, Command, AuthorizationSecret):
        assert not model.objects.exists(), model
    assert phase(boss) == demo.Phase.ABSENT
    assert "The demo is removed" in client.get(reverse("demo:overview") + "?again").content.decode()
    assert "The demo is removed" not in client.get(reverse("demo:overview")).content.decode()


def test_it_opens_on_the_chat_that_greets(boss: User, gateway: Gateway, settings: Any) -> None:
    path = Path(settings.DEMO_FILE)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"greets": 77}))
    demo.start(boss)
    demo.run_sign_in(boss.pk)
    settled(boss)
    first = Session.objects.get(phone=PHONES[0])
    Chat.objects.create(session=Session.objects.get(phone=PHONES[1]), peer_id=77, kind="user")
    state = demo.state(boss)
    assert state is not None
    assert state.open_at == f"/chats/{first.pk}/"  # the account has no such chat
    greets = Chat.objects.create(session=first, peer_id=77, kind="user")
    state = demo.state(boss)
    assert state is not None
    assert state.open_at == f"/chats/{first.pk}/{greets.pk}/"
    client = Client()
    client.force_login(boss)
    assert client.get(state.open_at).status_code == 200


def test_the_task_may_run_twice(boss: User, gateway: Gateway) -> None:
    demo.start(boss)
    demo.run_sign_in(boss.pk)
    demo.run_sign_in(boss.pk)
    demo.start(boss)
    assert Session.objects.count() == 2
    demo.remove(boss)
    demo.run_removal(boss.pk)
    demo.run_removal(boss.pk)
    assert not Session.objects.exists()


def test_a_refused_code_is_said_and_can_be_tried_again(boss: User, gateway: Gateway) -> None:
    gateway.wrong = True
    demo.start(boss)
    demo.run_sign_in(boss.pk)
    state = demo.state(boss)
    assert state is not None
    assert state.phase == demo.Phase.FAILED
    assert state.trouble is not None
    assert state.trouble.code == "PHONE_CODE_INVALID"
    gateway.wrong = False
    demo.start(boss)
    demo.run_sign_in(boss.pk)
    settled(boss)
    assert phase(boss) == demo.Phase.READY
    demo.remove(boss)
    demo.run_removal(boss.pk)
    assert not Session.objects.exists()


def test_it_is_said_when_nothing_moves(boss: User, codes: Path) -> None:
    demo.start(boss)
    state = demo.state(boss)
    assert state is not None
    assert state.trouble is None
    SignInAttempt.objects.update(updated_at=timezone.now() - 2 * demo.SLOW_AFTER)
    later = demo.state(boss)
    assert later is not None
    assert (later.phase, later.trouble and later.trouble.code) == (demo.Phase.SIGNING_IN, "DEMO_SLOW")
    assert later.version(True) != state.version(True)
    client = Client()
    client.force_login(boss)
    assert b"worker or the gateway may not be running" in client.get(reverse("demo:overview")).content


def test_nothing_is_deleted_that_is_still_signed_in(
    boss: User, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo.start(boss)
    demo.run_sign_in(boss.pk)
    monkeypatch.setattr(gateway, "answer", lambda command: None)  # settles, but the key stays
    demo.remove(boss)
    assert demo.run_removal(boss.pk) == "2 left"
    assert Session.objects.count() == 2
    assert OrmQ.objects.count() == 3, "another task goes on with it"


def test_the_demo_leaves_other_accounts_alone(boss: User, gateway: Gateway, account: Callable[..., Session]) -> None:
    real = account("Real")
    demo.start(boss)
    demo.run_sign_in(boss.pk)
    demo.remove(boss)
    demo.run_removal(boss.pk)
    assert list(Session.objects.all()) == [real]


def test_the_demo_needs_the_right_to_add_accounts(codes: Path, transactional_db: None) -> None:
    marta = User.objects.create_user("marta", is_staff=True)
    client = Client()
    client.force_login(marta)
    assert b"Try the demo" not in client.get(reverse("admin:index")).content
    for name in ("start", "remove"):
        assert client.post(reverse(f"demo:{name}")).status_code == 403
        assert client.get(reverse(f"demo:{name}")).status_code == (405 if name == "start" else 403)
    with pytest.raises(rights.Forbidden):
        demo.start(marta)
