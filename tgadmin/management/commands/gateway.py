"""``manage.py gateway``: the process that holds the Telegram connections."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from apps.common.checks import TAG
from apps.common.commandline import ReportingCommand


class Command(ReportingCommand):
    help = "Connect Telegram accounts: takes sessions' leases, stores what arrives, carries out commands."

    # Not all of them: looking at every address would load the web side, and a restart has to be quick.
    requires_system_checks = [TAG]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--capacity", type=int, default=1000, help="How many sessions this node takes at most.")
        parser.add_argument("--connecting", type=int, default=32, help="How many accounts connect at the same time.")
        parser.add_argument("--name", default="", help="What people call this node (default: the host's name).")

    def handle(self, *args: Any, **options: Any) -> None:
        from tgadmin.gateway import logs, process

        for option in ("capacity", "connecting"):
            if options[option] < 1:
                raise CommandError(f"--{option} must be at least 1.", returncode=2)
        logs.configure()
        try:
            config = process.from_settings(options["capacity"], options["name"], options["connecting"])
        except OSError as error:
            raise CommandError(f"TELEGRAM_DC_PUBLIC_KEY: {error.filename} cannot be read ({error.strerror}).") from None
        if not process.main(config):
            raise CommandError("A part of the gateway failed; its log says which.")
