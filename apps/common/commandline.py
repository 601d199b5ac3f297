"""What our management commands share: as whom they act, how they print, how a refusal ends them."""

from __future__ import annotations

import json
import sys
import unicodedata
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from apps.common.checks import TAG
from tgadmin.core.errors import UserError
from tgadmin.core.ids import row_id
from tgadmin.management.plain import PlainCommand

DEFAULT_WAIT = 60.0
"""Seconds to wait for the gateway's answer."""


class ReportingCommand(PlainCommand):
    """Prints for people, with --json for programs. Exit status 0 done, 1 failed, 2 wrong usage.

    A UserError is one line on stderr; with --json an object {"error", "message"} (and "until") on stdout as well.
    """

    def add_common(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON for programs")
        parser.add_argument("--user", default="", help="act as this user (default: the first administrator)")

    about_keys: tuple[str, ...] = ()
    """Actions that are for stored secrets which no key decrypts: the check of those does not keep them from running."""

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        if options.get("action") in self.about_keys:
            return {"tags": [TAG]}
        return super().get_check_kwargs(options)

    def execute(self, *args: Any, **options: Any) -> Any:
        for name, value in options.items():
            if isinstance(value, str) and not _is_text(value):
                raise CommandError(f"{name}: this is no UTF-8 text.", returncode=2)
        try:
            return super().execute(*args, **options)
        except UserError as error:
            if options.get("json"):
                until = {} if error.until is None else {"until": error.until}
                self.stdout.write(_json({"error": error.code, "message": error.message, **until}))
            when = "" if error.until is None else stamp(error.until)
            from_then = f" From {when} on." if when not in error.message else ""
            raise CommandError(f"{error.message}{from_then} ({error.code})") from None

    def show(self, options: dict[str, Any], data: Any, text: str) -> None:
        self.stdout.write(_json(data) if options["json"] else visible(text))


def stamp(moment: datetime) -> str:
    """A moment as commands print it, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _json(data: Any) -> str:
    """JSON in readable UTF-8; the control characters that JSON leaves as they are escaped too."""
    text = json.dumps(data, default=_plain, ensure_ascii=False)
    return "".join(f"\\u{ord(char):04x}" if "\x7f" <= char <= "\x9f" else char for char in text)


def visible(text: str) -> str:
    """The text without control characters but line feeds: what others wrote may not command the terminal."""
    return "".join(char if char == "\n" or unicodedata.category(char) != "Cc" else "\ufffd" for char in text)


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


def read_stdin(*, whole: bool = False) -> str:
    """One line (a phone, a code, a password) without its line end, or everything. Raises CommandError."""
    try:
        text = sys.stdin.read() if whole else sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        text = "\udcff"
    if not _is_text(text):
        raise CommandError("Standard input holds no UTF-8 text.", returncode=2)
    return text


def read_bytes(most: int) -> bytes:
    """Standard input as it is, at most so many bytes. Raises CommandError."""
    data = sys.stdin.buffer.read(most + 1)
    if len(data) > most:
        raise CommandError(f"Standard input holds more than {most} bytes.", returncode=2)
    return data


def _is_text(value: str) -> bool:
    """Bytes that are no UTF-8 come in as lone surrogates."""
    return not any("\ud800" <= char <= "\udfff" for char in value)


def at_most(most: int) -> Callable[[str], int]:
    """An argument's type: a whole number from 1 to ``most``."""

    def number(text: str) -> int:
        found = row_id(text)
        if not found or found > most:
            raise ArgumentTypeError(f"must be a whole number from 1 to {most}")
        return found

    return number


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The rows as text in aligned columns, with ``head`` above them."""
    cells = [list(map(str, head)), *([" ".join(str(cell).split("\n")) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )
