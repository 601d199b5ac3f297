"""What the commands for accounts and chats take and print: no traceback for any argument, nothing that commands a
terminal, only what the user may see."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.chats.models import Chat, Message
from apps.commands.models import Command
from apps.common import commandline
from apps.sessions.models import Session, SessionGrant
from apps.signin.models import SignInAttempt
from apps.staff.roles import Role
from tests.kit import world

HOSTILE = "\x1b[2J\x9b31m\a evil\nrow"


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def chat(admin: User, account: Callable[..., Session]) -> Chat:
    chat = world.make_chat(account("Support"), f"Anna{HOSTILE}")
    world.make_message(chat, 1, f"hello{HOSTILE}")
    return chat


@pytest.mark.parametrize(
    "arguments",
    [
        ("chat", "list", "9" * 5000),
        ("chat", "list", "Support", "--limit", "-3"),
        ("chat", "list", "Support", "--limit", "9" * 25),
        ("chat", "list", "\udcff"),
        ("chat", "history", "9" * 25),
        ("chat", "send", "9" * 25, "--text", "x"),
        ("chat", "send", "1", "--text", "x", "--reply-to", "9" * 25),
        ("chat", "send", "1", "--text", "x", "--reply-to", "0"),
        ("chat", "send", "1", "--text", "\udcff"),
        ("session", "list", "--user", "\udcff"),
        ("session", "check", "\udcff"),
        ("session", "logout", "nobody"),
        ("session", "login", "--phone", "+49 151 23456789", "--name", "\udcff\udcfe"),
        ("session", "login", "--phone", "1" * 5000),
        ("session", "login", "--attempt", "\udcff", "--code", "1"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(chat: Chat, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    assert "\n" not in str(refused.value).strip()
    assert not Command.objects.exists()
    assert not SignInAttempt.objects.exists()


def test_input_that_is_no_text_is_refused(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    for errors in ("strict", "surrogateescape"):
        for arguments in (("session", "login", "--phone-stdin"), ("chat", "send", str(chat.pk), "--text-stdin")):
            stdin = io.TextIOWrapper(io.BytesIO(b"a\xff\xfe\n"), encoding="utf-8", errors=errors)
            monkeypatch.setattr("sys.stdin", stdin)
            with pytest.raises(CommandError, match="no UTF-8"):
                run(*arguments)
    assert not Message.objects.filter(out=True).exists()


def test_a_megabyte_is_refused_and_nothing_is_stored(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("x" * 1_000_000))
    with pytest.raises(CommandError, match="too long"):
        run("chat", "send", str(chat.pk), "--text-stdin")
    assert Message.objects.count() == 1


def test_what_others_wrote_commands_no_terminal(chat: Chat) -> None:
    Session.objects.update(name=HOSTILE)
    for arguments in (
        ("session", "list"),
        ("chat", "list", str(chat.session_id)),
        ("chat", "history", str(chat.pk)),
    ):
        for form in ((), ("--json",)):
            shown = run(*arguments, *form)
            assert "evil" in shown
            assert not set(shown) & {"\x1b", "\x9b", "\a"}, arguments
    assert len(run("chat", "list", str(chat.session_id)).splitlines()) == 2
    assert json.loads(run("chat", "history", str(chat.pk), "--json"))[0]["text"] == f"hello{HOSTILE}"


def test_lists_cost_the_same_however_many_rows(admin: User, account: Callable[..., Session]) -> None:
    session, counts = account("First"), []
    for rows in (3, 30):
        for number in range(rows):
            account(f"A {rows} {number}")
            last = world.make_chat(session, f"Chat {rows} {number}")
        first = last
        for number in range(rows):
            world.make_message(first, rows * 100 + number, "x")
        seen = []
        for arguments in (("session", "list"), ("chat", "list", "First"), ("chat", "history", str(first.pk))):
            with CaptureQueriesContext(connection) as queries:
                run(*arguments)
            seen.append(len(queries))
        counts.append(seen)
    assert counts[0] == counts[1]


Allowed = dict[str, set[str]]
ACTIONS: dict[str, tuple[str, ...]] = {
    "list": ("chat", "list", "{session}"),
    "history": ("chat", "history", "{chat}"),
    "send": ("chat", "send", "{chat}", "--text", "x", "--timeout", "0"),
    "check": ("session", "check", "{session}", "--timeout", "0"),
    "logout": ("session", "logout", "{session}", "--timeout", "0"),
    "again": ("session", "login", "--session", "{session}", "--json", "--timeout", "0"),
}
MAY: Allowed = {
    "none": set(),
    "outsider": set(),
    "inactive": set(),
    "viewer": {"list", "history"},
    "operator": {"list", "history", "send"},
    "manager": set(ACTIONS),
    "superuser": set(ACTIONS),
}


@pytest.mark.parametrize("who", MAY)
@pytest.mark.parametrize("action", ACTIONS)
def test_rights(chat: Chat, staff: Callable[..., User], who: str, action: str) -> None:
    facts: dict[str, Any] = {
        "outsider": {"is_staff": False}, "inactive": {"is_active": False}, "superuser": {"is_superuser": True},
    }.get(who, {})  # fmt: skip
    user = staff(who, **facts)
    roles = {"viewer": Role.VIEWER, "operator": Role.OPERATOR}
    if who not in ("none", "superuser"):
        SessionGrant.objects.create(session=chat.session, user=user, role=roles.get(who, Role.MANAGER))
    arguments = [part.format(session=chat.session_id, chat=chat.pk) for part in ACTIONS[action]]
    try:
        run(*arguments, "--user", who)
        refused = ""
    except CommandError as error:
        refused = str(error)
    allowed = not refused or "not answered" in refused
    assert allowed == (action in MAY[who]), refused
    if not allowed:
        assert not Command.objects.exists()
        assert "Anna" not in refused


def test_control_characters_are_made_visible() -> None:
    assert commandline.visible("a\x1b[0m\tb\nc") == "a\ufffd[0m\ufffdb\nc"
