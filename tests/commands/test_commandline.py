"""What a management command says of a command of the bus that is not over in time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.commands.commandline import WaitingCommand
from apps.commands.models import Command, Node
from apps.sessions.models import Session
from apps.sessions.services import sessions
from tgadmin.core.errors import UserError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def command(settings: Any) -> Command:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    session = Session.objects.create(name="Support", network="dc-test", telegram_user_id=1)
    return sessions.resync(User.objects.create_superuser("root", password="x"), session)


@pytest.fixture
def gateway() -> Node:
    return Node.objects.create(id=uuid4(), name="n", host="h", pid=1, pid_started=1.0)


def refusal(command: Command) -> UserError:
    with pytest.raises(UserError) as refused:
        WaitingCommand().wait(command, 0.0)
    return refused.value


def test_telegram_has_not_answered_at_all(command: Command, gateway: Node) -> None:
    assert refusal(command).message == "Telegram has not answered within 0 s."


def test_no_gateway_runs(command: Command) -> None:
    assert refusal(command).code == "GATEWAY_STOPPED"
    assert refusal(command).message.endswith("The gateway is not running.")


@pytest.mark.parametrize("state", [Command.State.QUEUED, Command.State.CLAIMED])
def test_it_has_answered_with_an_error(command: Command, gateway: Node, state: str) -> None:
    """The error is named, and when the next try is."""
    again = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    Command.objects.filter(pk=command.pk).update(error_code="INTERDC_2_CALL_ERROR", not_before=again, state=state)
    refused = refusal(command)
    assert (refused.code, refused.until) == ("INTERDC_2_CALL_ERROR", again)
    assert "has not answered" not in refused.message
    assert refused.message.startswith("It was not done within 0 s and goes on. The last try: Telegram")
    assert refused.message.endswith("It is tried again at 2030-01-02 03:04:05 UTC.")


def test_scripts_get_code_and_time(command: Command, gateway: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    again = timezone.now() + timedelta(seconds=30)
    Command.objects.filter(pk=command.pk).update(error_code="TIMEOUT", not_before=again)
    monkeypatch.setattr(sessions, "resync", lambda *_: command)
    out = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("session", "check", str(command.session_id), "--timeout=0", "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["error"] == "TIMEOUT"
    assert answer["until"] == again.isoformat()
    assert str(refused.value).count(f"{again:%H:%M:%S} UTC") == 1
    assert str(refused.value).endswith("(TIMEOUT)")
