"""Handlers of commands, one module per subject: which functions do the work of each kind."""

from __future__ import annotations

from apps.commands.command_kinds import CommandKind
from tgadmin.gateway.commands.handlers import account, devices, messages, proxy, reading, signin
from tgadmin.gateway.commands.job import Handler

MODULES = (messages, reading, account, devices, proxy, signin)
HANDLERS: dict[CommandKind, Handler] = {
    kind: handler for module in MODULES for kind, handler in module.HANDLERS.items()
}
"""One for every kind (tests/gateway/test_handlers.py)."""
