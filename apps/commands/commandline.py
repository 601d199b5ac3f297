"""A management command that has the gateway do something, and waits for it."""

from __future__ import annotations

import time

from django.core.management.base import CommandError

from apps.commands.models import Command
from apps.commands.selectors import gateway_is_running
from apps.commands.services import commands
from apps.common.commandline import ReportingCommand, stamp
from apps.common.explain import explain
from tgadmin.core.errors import UserError


def still_waiting(command: Command, lead: str) -> UserError:
    """Why a command is not over yet, after the sentence that says so: what Telegram answered last and when it is tried
    again, or that nobody is there to do it."""
    if not gateway_is_running():
        return UserError("GATEWAY_STOPPED", f"{lead} The gateway is not running.")
    known = explain(command.error_code)
    if known is None:
        return UserError("TIMEOUT", lead)
    message = f"{lead} The last try: {known.message}"
    if command.not_before is not None:
        message += f" It is tried again at {stamp(command.not_before)}."
    return UserError(known.code, message, command.not_before)


class WaitingCommand(ReportingCommand):
    def wait(self, command: Command, timeout: float) -> Command:
        """The command once it is over. Raises UserError, which says what it waits for, if that takes longer than
        ``timeout`` seconds: it goes on all the same."""
        started = time.monotonic()
        settled = commands.wait(command.pk, timeout)
        if not commands.is_over(settled):
            seconds = time.monotonic() - started
            if settled.error_code:
                raise still_waiting(settled, f"It was not done within {seconds:.0f} s and goes on.")
            raise still_waiting(settled, f"Telegram has not answered within {seconds:.0f} s.")
        return settled

    def require_done(self, command: Command) -> None:
        """Raises CommandError with the reason unless the command has succeeded."""
        if command.state == Command.State.DONE:
            return
        known = explain(command.error_code)
        raise CommandError(f"{known.message} {known.next_step} ({known.code})" if known else "It was not done.")
