"""`manage.py monitor`: the state of the gateways; whether a restored database can be worked with."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError

from apps.common.commandline import ReportingCommand, table
from apps.monitoring import copies, nodes

ORIGINAL = "ORIGINAL_DATABASE_URL"
"""Not an argument: it holds a password, and other users see a process's arguments."""


class Command(ReportingCommand):
    help = (
        "What runs: gateways with their sessions, load and version (status; exit status 1 when none is alive). "
        "Whether a restored database can be worked with (check; exit status 1 when not)."
    )
    about_keys = ("check",)

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        for name, help_text in (
            ("status", "gateways, their sessions, load and version"),
            ("check", f"looks at a restored copy, changes nothing; asks the original, too, where {ORIGINAL} is set"),
            ("new-epoch", "after a restore, before web starts: pages that were open load again"),
        ):
            action = actions.add_parser(name, help=help_text)
            action.add_argument("--json", action="store_true", help="print JSON for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        actions = {"status": self._status, "check": self._check, "new-epoch": self._new_epoch}
        actions[options["action"]](options)

    def _status(self, options: dict[str, Any]) -> None:
        found = nodes.status()
        self.show(options, found.as_json(), _status_text(found))
        if not any(node.alive for node in found.nodes):
            raise SystemExit(1)

    def _check(self, options: dict[str, Any]) -> None:
        try:
            found = copies.check(os.environ.get(ORIGINAL, ""))
        except copies.OriginalUnreachable:
            raise CommandError(f"{ORIGINAL}: that database does not answer, or is none of tgadmin's.") from None
        except DatabaseError as error:
            raise CommandError(f"The database cannot be read: {type(error).__name__}.") from None
        self.show(options, found.as_json(), _check_text(found))
        if not found.is_sound:
            raise SystemExit(1)

    def _new_epoch(self, options: dict[str, Any]) -> None:
        epoch = copies.renew_epoch()
        self.show(options, {"epoch": epoch}, "Event numbers begin again: open pages load again.")


def _check_text(found: copies.Copy) -> str:
    lines = [f"Rows: {', '.join(f'{name} {count}' for name, count in found.rows.items() if count) or 'none'}."]
    if found.secrets is not None:
        readable = found.secrets["total"] - found.secrets["unreadable"]
        lines.append(f"Stored secrets that SESSION_ENCRYPTION_KEYS decrypts: {readable} of {found.secrets['total']}.")
        lines.append(f"Accounts that a gateway would connect ({found.network}): {found.accounts}.")
        waiting = ", ".join(f"{kind} {count}" for kind, count in found.waiting.items())
        lines.append(f"Commands that it would carry out: {waiting or 'none'}.")
        lines.append(f"Epoch of event numbers: {found.epoch or 'none yet'}.")
    for finding in found.findings:
        head = "FAULT" if finding.fault else "NOTE"
        lines.append(f"{head} {finding.message} {finding.next_step} ({finding.code})")
    lines.append("The copy can be used." if found.is_sound else "The copy must not be used as it is.")
    return "\n".join(lines)


def _state(node: nodes.NodeState) -> str:
    if not node.alive:
        return "silent"
    return "stopping" if node.stopping else "alive"


def _status_text(status: nodes.Status) -> str:
    rows = [
        (
            node.name,
            node.host,
            node.pid,
            node.version,
            _state(node),
            f"{node.sessions} of {node.capacity}",
            node.ready,
            f"{node.load:.0%}",
            node.running,
        )
        for node in status.nodes
    ]
    head = ("GATEWAY", "HOST", "PID", "VERSION", "STATE", "SESSIONS", "READY", "LOAD", "AT WORK")
    lines = [table(head, rows) if rows else "No gateway is there."]
    lines.append(f"Accounts that no gateway holds: {status.unheld}. Commands waiting: {status.waiting}.")
    lines.append(f"Gaps not closed yet: {status.open_gaps}. Updates kept aside unread: {status.unreadable}.")
    if len(status.versions) > 1:
        lines.append(f"Versions side by side: {', '.join(status.versions)}.")
    return "\n".join(lines)
