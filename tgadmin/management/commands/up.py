"""`manage.py up`: the whole of tgadmin on this machine. The work is done by tgadmin.local, which knows no Django."""

import argparse
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from tgadmin.local.launcher import Options, run


class Command(BaseCommand):
    help = (
        "Run everything: embedded PostgreSQL and Valkey unless DATABASE_URL / REDIS_URL are set, "
        "the sandbox unless TELEGRAM_API_ID is, web, gateway and worker as in the Procfile. Ctrl-C stops it."
    )
    requires_system_checks: list[str] = []  # there is no database yet; the programs that are started check

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=_port, default=8000, help="port of the web pages (8000)")
        parser.add_argument(
            "--host", default="127.0.0.1", help="address that they are served on (127.0.0.1: this machine only)"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object per line for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(
            run(
                Options(
                    base=settings.BASE_DIR,
                    data_dir=settings.DATA_DIR,
                    host=options["host"],
                    port=options["port"],
                    json=options["json"],
                )
            )
        )


def _port(text: str) -> int:
    if text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
