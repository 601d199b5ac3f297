"""`manage.py session` and `manage.py chat`: rights, output for programs, exit statuses.

A thread answers as the gateway's handlers do; tests/e2e has the real one.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from apps.chats.models import Chat, Message
from apps.sessions.management.sign_in import Dialogue
from apps.sessions.models import Command, Role, Session, SignInAttempt, SignInStep
from apps.sessions.services import commands, signin
from tests.sessions.conftest import CHECKPOINT, key, profile

ROOT = Path(__file__).resolve().parents[2]
PHONE = "+49 151 234 56789"


@dataclass
class Sent:
    hash: str = "hash-1"
    via: str = "app"
    length: int | None = 5
    next_via: str = "sms"
    resend_after: int | None = 0


def answer(command: Command) -> None:
    """Code 12345, password "right", a flood wait for code 77777."""
    attempt = command.payload.get("attempt")
    secret = command.secret_row.secret if hasattr(command, "secret_row") else {}
    match command.kind, secret:
        case ("sign_in.send_code" | "sign_in.resend", _):
            signin.code_sent(attempt, key(), Sent())
        case ("sign_in.code", {"code": "12345"}):
            signin.password_needed(attempt, key(), "the usual")
        case ("sign_in.code", {"code": "77777"}):
            signin.step_failed(attempt, "FLOOD_WAIT", 90)
        case ("sign_in.code", _):
            signin.step_failed(attempt, "PHONE_CODE_INVALID")
        case ("sign_in.password", {"password": "right"}):
            signin.signed_in(attempt, key(), profile(), CHECKPOINT)
        case ("sign_in.password", _):
            signin.step_failed(attempt, "PASSWORD_HASH_INVALID")
        case ("sign_in.cancel", _):
            signin.cancelled(attempt)
        case ("send", _):
            Message.objects.filter(pk=command.payload["message"]).update(state="sent", telegram_id=9)


@pytest.fixture
def gateway(transactional_db: None) -> Iterator[None]:
    stop = threading.Event()

    def work() -> None:
        try:
            while not stop.wait(0.02):
                with transaction.atomic():
                    for command in (
                        Command.objects.select_for_update(of=("self",)).filter(state="queued").order_by("id")
                    ):
                        answer(command)
                        commands.settle(Command.objects.get(pk=command.pk), Command.State.DONE)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def boss(transactional_db: None) -> User:
    return User.objects.create_superuser("boss")


def run(*words: str, stdin: str = "", monkeypatch: pytest.MonkeyPatch | None = None) -> Any:
    """The JSON that the command printed."""
    out = io.StringIO()
    if monkeypatch is not None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
    call_command(*words, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_sign_in_step_by_step(gateway: None, boss: User, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run("session", "login", "--phone-stdin", "--name", "Support", stdin=f"{PHONE}\n", monkeypatch=monkeypatch)
    assert first["step"] == "code"
    assert first["via"] == "app"
    attempt = first["attempt"]
    second = run("session", "login", "--attempt", attempt, "--code-stdin", stdin="12345\n", monkeypatch=monkeypatch)
    assert (second["step"], second["hint"]) == ("password", "the usual")
    third = run("session", "login", "--attempt", attempt, "--password-stdin", stdin="right\n", monkeypatch=monkeypatch)
    assert (third["step"], third["name"]) == ("done", "Support")
    listed = run("session", "list")
    assert [(row["id"], row["phone"]) for row in listed] == [(third["session"], "+49 151 •••• 6789")]


def test_wrong_turns_say_what_to_do(gateway: None, boss: User, capsys: pytest.CaptureFixture[str]) -> None:
    attempt = run("session", "login", "--phone", PHONE)["attempt"]
    for code, named in (("00000", "PHONE_CODE_INVALID"), ("77777", "FLOOD_WAIT"), ("12345", "FLOOD_WAIT")):
        with pytest.raises(CommandError) as failed:
            run("session", "login", "--attempt", attempt, "--code", code)
        assert named in str(failed.value)
        assert failed.value.returncode == 1
        assert code not in str(failed.value)
    assert "Again in" in str(failed.value)


def test_the_number_is_refused_before_anything_is_stored(boss: User) -> None:
    with pytest.raises(CommandError) as failed:
        run("session", "login", "--phone", "0151 1")
    assert "country code" in str(failed.value)
    assert not Session.objects.exists()


def test_cancel_and_status(gateway: None, boss: User) -> None:
    attempt = run("session", "login", "--phone", PHONE)["attempt"]
    assert run("session", "login", "--attempt", attempt)["step"] == "code"
    assert run("session", "login", "--attempt", attempt, "--resend")["step"] == "code"
    assert run("session", "login", "--attempt", attempt, "--cancel")["step"] == "cancelled"


def test_without_a_gateway_it_says_so_and_can_be_gone_on_with(boss: User) -> None:
    with pytest.raises(CommandError) as failed:
        run("session", "login", "--phone", PHONE, "--timeout", "0.1")
    assert "gateway is not running" in str(failed.value)
    assert str(SignInAttempt.objects.get().pk) in str(failed.value)


def test_interactive_sign_in_asks_again_after_each_mistake(gateway: None, boss: User) -> None:
    command = type("Output", (), {"stdout": io.StringIO(), "stderr": io.StringIO()})()
    command.show = lambda options, data, text: command.stdout.write(text)
    options = {"session": "", "name": "Support", "timeout": 20.0, "json": False}
    answers = iter(["nonsense", PHONE, "00000", "", "12345"])
    passwords = iter(["wrong", "right"])
    Dialogue(command, options, boss).interactive(lambda prompt: next(answers), lambda prompt: next(passwords))
    assert "Support is signed in" in command.stdout.getvalue()
    said = command.stderr.getvalue()
    for code in ("PHONE_NUMBER_INVALID", "PHONE_CODE_INVALID", "PASSWORD_HASH_INVALID"):
        assert code in said
    assert "wrong" not in said


def test_giving_up_cancels(gateway: None, boss: User) -> None:
    command = type("Output", (), {"stdout": io.StringIO(), "stderr": io.StringIO()})()
    answers = iter([PHONE])

    def ask(prompt: str) -> str:
        try:
            return next(answers)
        except StopIteration:
            raise KeyboardInterrupt from None

    options = {"session": "", "name": "", "timeout": 20.0, "json": False}
    with pytest.raises(CommandError):
        Dialogue(command, options, boss).interactive(ask, ask)
    assert SignInAttempt.objects.get().step == SignInStep.CANCELLED


# --- rights ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def marta(transactional_db: None) -> User:
    return User.objects.create_user("marta", is_staff=True)


def test_commands_ask_for_the_users_rights(
    boss: User, marta: User, account: Callable[..., Session], grant: Callable[..., Any]
) -> None:
    mine, theirs = account("Mine"), account("Theirs")
    grant(marta, mine, Role.VIEWER)
    own = Chat.objects.create(session=mine, peer_id=5, kind="user", title="Ann")
    other = Chat.objects.create(session=theirs, peer_id=5, kind="user", title="Bob")
    assert [row["name"] for row in run("session", "list", "--user", "marta")] == ["Mine"]
    assert [row["title"] for row in run("chat", "list", "Mine", "--user", "marta")] == ["Ann"]
    for refused in (
        ("chat", "list", "Theirs"),
        ("chat", "list", str(theirs.pk)),
        ("chat", "history", str(other.pk)),
        ("chat", "send", str(other.pk), "--text", "hello"),
        ("chat", "send", str(own.pk), "--text", "hello"),
        ("session", "logout", "Mine"),
        ("session", "check", "Mine"),
        ("session", "login", "--phone", PHONE),
        ("session", "login", "--session", "Mine"),
    ):
        with pytest.raises(CommandError):
            run(*refused, "--user", "marta")
    assert not Command.objects.exists()
    assert not Message.objects.exists()


def test_an_unknown_user_is_refused(boss: User) -> None:
    with pytest.raises(CommandError):
        run("session", "list", "--user", "nobody")


def test_another_persons_sign_in_is_unknown(gateway: None, boss: User, marta: User) -> None:
    attempt = run("session", "login", "--phone", PHONE)["attempt"]
    with pytest.raises(CommandError):
        run("session", "login", "--attempt", attempt, "--cancel", "--user", "marta")
    assert not SignInAttempt.objects.get().is_over


# --- chats ----------------------------------------------------------------------------------------------------------


def test_send_and_read(
    gateway: None, boss: User, account: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = Chat.objects.create(session=account("Support"), peer_id=5, kind="user", title="Ann")
    sent = run("chat", "send", str(chat.pk), "--text-stdin", stdin="Hello <b>\nAnn\n", monkeypatch=monkeypatch)
    assert (sent["state"], sent["telegram_id"]) == ("sent", 9)
    told = run("chat", "history", str(chat.pk))
    assert [(row["text"], row["out"]) for row in told] == [("Hello <b>\nAnn", True)]
    out = io.StringIO()
    call_command("chat", "list", "Support", stdout=out)
    assert "Ann" in out.getvalue()


def test_an_empty_text_is_refused(boss: User, account: Callable[..., Session]) -> None:
    chat = Chat.objects.create(session=account("Support"), peer_id=5, kind="user", title="Ann")
    with pytest.raises(CommandError) as failed:
        run("chat", "send", str(chat.pk), "--text", "  ")
    assert "empty" in str(failed.value)


def test_log_out_waits_for_telegram(gateway: None, boss: User, account: Callable[..., Session]) -> None:
    account("Support")
    assert run("session", "logout", "Support")["logged_out"]
    assert not run("session", "logout", "Support")["logged_out"]


def test_a_name_that_two_accounts_bear_needs_the_id(boss: User, account: Callable[..., Session]) -> None:
    account("Twin"), account("Twin")
    with pytest.raises(CommandError) as failed:
        run("chat", "list", "Twin")
    assert "Several" in str(failed.value)


def test_clean_up_reports(boss: User) -> None:
    assert run("session", "cleanup", "--dry-run") == {"abandoned": 0, "secrets": 0, "places": 0, "dry_run": True}


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["session", "list"], 0),
        (["session"], 2),
        (["session", "nonsense"], 2),
        (["session", "login", "--json"], 2),
        (["session", "login", "--code", "1"], 2),
        (["session", "login", "--attempt", "x", "--code", "1"], 2),
        (["session", "login", "--attempt", "5d2a0a52-8a35-4d9a-9a54-0a8a6e5b8a11"], 1),
        (["chat", "send", "1"], 2),
        (["chat", "history", "999"], 1),
    ],
)
def test_exit_statuses(boss: User, words: list[str], status: int) -> None:
    given = connection.settings_dict
    address = f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
    environment = {**os.environ, "DATABASE_URL": address}
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == status, done.stderr
    assert bool(done.stderr) == bool(status)
    assert "Traceback" not in done.stderr
