"""Commands as people read them: each is in docs/commands.md, and what is wrong is a sentence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import CommandError

from apps.sessions.models import Session
from tests.kit.accounts import account, admin
from tests.kit.running import ROOT
from tests.test_rights_table import our_commands
from tgadmin.management.plain import PlainCommand

__all__ = ["account", "admin"]

INTERNAL = {"prepare"}
"""Called by others of ours."""


def test_every_command_is_in_the_docs() -> None:
    text = (ROOT / "docs" / "commands.md").read_text()
    names = {f"{name} {action}".strip() for name, action, _ in our_commands()} - INTERNAL
    assert {name for name in names if f"`{name}" not in text} == set()


def test_every_command_of_ours_says_what_is_wrong_without_a_class() -> None:
    ours = {name: app for name, app in get_commands().items() if app.startswith(("apps.", "tgadmin"))}
    loaded = {name: load_command_class(app, name) for name, app in ours.items()}
    assert {name for name, command in loaded.items() if not isinstance(command, PlainCommand)} == set()


def test_an_error_on_the_terminal() -> None:
    ran = subprocess.run(
        [sys.executable, "manage.py", "gateway", "--capacity", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr.strip().splitlines()[-1]) == (2, "--capacity must be at least 1.")


@pytest.mark.django_db
def test_a_short_reason_says_how_long_it_must_be(admin: User, account: Callable[..., Session]) -> None:
    session = account()
    with pytest.raises(CommandError, match="at least 5 characters"):
        call_command("session", "export", str(session.pk), "--reason", "test")
