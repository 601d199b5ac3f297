"""`manage.py monitor`: the state of the gateways."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.common.commandline import ReportingCommand, table
from apps.monitoring import nodes


class Command(ReportingCommand):
    help = "What runs: gateways with their sessions, load and version. Exit status 1 when no gateway is alive."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        status = actions.add_parser("status", help="gateways, their sessions, load and version")
        status.add_argument("--json", action="store_true", help="print JSON for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        found = nodes.status()
        self.show(options, found.as_json(), _text(found))
        if not any(node.alive for node in found.nodes):
            raise SystemExit(1)


def _state(node: nodes.NodeState) -> str:
    if not node.alive:
        return "silent"
    return "stopping" if node.stopping else "alive"


def _text(status: nodes.Status) -> str:
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
