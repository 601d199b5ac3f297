"""Handlers of commands, one module per subject, each with its declarations."""

from __future__ import annotations

from tgadmin.gateway.handlers import account, devices, messages, proxy, reading, signin
from tgadmin.gateway.job import Handler

HANDLERS: dict[str, Handler] = {
    handler.kind: handler
    for handler in (
        *messages.HANDLERS,
        *reading.HANDLERS,
        *account.HANDLERS,
        *devices.HANDLERS,
        *proxy.HANDLERS,
        *signin.HANDLERS,
    )
}
