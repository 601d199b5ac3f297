"""A management command that has the gateway do something, and waits for it."""

from __future__ import annotations

import time

from django.core.management.base import CommandError

from apps.commands.models import Command
from apps.commands.selectors import gateway_is_running
from apps.commands.services import commands
from apps.common.commandline import ReportingCommand
from apps.common.explain import explain


class WaitingCommand(ReportingCommand):
    def wait(self, command: Command, timeout: float) -> Command:
        """The command once it is over. Raises CommandError if that takes longer than ``timeout`` seconds."""
        started = time.monotonic()
        settled = commands.wait(command.pk, timeout)
        if not commands.is_over(settled):
            why = "" if gateway_is_running() else " The gateway is not running."
            raise CommandError(f"Telegram has not answered within {time.monotonic() - started:.0f} s.{why}")
        return settled

    def require_done(self, command: Command) -> None:
        """Raises CommandError with the reason unless the command has succeeded."""
        if command.state == Command.State.DONE:
            return
        known = explain(command.error_code)
        raise CommandError(f"{known.message} {known.next_step} ({known.code})" if known else "It was not done.")
