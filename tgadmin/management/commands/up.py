"""`manage.py up` as Django's help and `call_command` know it; manage.py itself goes to tgadmin.local.main."""

import sys
from typing import Any

from django.core.management.base import CommandParser

from tgadmin.local import main
from tgadmin.management.plain import PlainCommand


class Command(PlainCommand):
    """The same options, the same run."""

    help = main.HELP
    requires_system_checks: list[str] = []  # there is no database yet; the programs that are started check

    def add_arguments(self, parser: CommandParser) -> None:
        main.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(main.start(options["host"], options["port"], options["json"]))
