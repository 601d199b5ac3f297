"""What our commands for sessions and chats share: whose rights apply, which account is meant, how it is printed."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from apps.sessions.models import Session
from apps.sessions.services import rights
from tgadmin.core.ids import row_id

DEFAULT_WAIT = 60.0
"""Seconds to wait for the gateway's answer."""


class ReportingCommand(BaseCommand):
    """Prints for people, with --json for programs. Exit status 0 done, 1 failed, 2 wrong usage."""

    def add_common(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON for programs")
        parser.add_argument(
            "--user", default="", help="whose rights apply and who is named (default: the first administrator)"
        )

    def execute(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute(*args, **options)
        except rights.Forbidden as error:
            raise CommandError(str(error)) from None

    def show(self, options: dict[str, Any], data: Any, text: str) -> None:
        self.stdout.write(json.dumps(data, default=_plain, ensure_ascii=False) if options["json"] else text)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def acting_user(name: str) -> User:
    """The user by that name, else the first active superuser. Raises CommandError."""
    people = User.objects.filter(is_active=True)
    found = people.filter(username=name) if name else people.filter(is_superuser=True, is_staff=True)
    user = found.order_by("pk").first()
    if user is None:
        raise CommandError(f"There is no active user '{name}'." if name else "There is no active administrator yet.")
    return user


def find_session(user: User, wanted: str) -> Session:
    """The visible session with that id or exact name. Raises CommandError, which tells hidden from missing no more than
    a page does."""
    visible = rights.visible_sessions(user)
    found = list(visible.filter(name=wanted)[:2])
    if not found:
        found = list(visible.filter(pk=row_id(wanted) or 0))
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f"Several accounts are called '{wanted}': give its id.")
    raise CommandError(f"There is no account '{wanted}', or you may not see it.")


def read_stdin() -> str:
    """One line (a phone, a code, a password), without its line end."""
    return sys.stdin.readline().rstrip("\r\n")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns for people."""
    cells = [list(map(str, head)), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )
