"""`manage.py prepare`: migrations, the first administrator, static files. `up` runs it first; repeating it is safe."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import connection

from tgadmin.management.plain import PlainCommand
from tgadmin.statics.collecting import NotCollected, collect

ADVISORY_LOCK = 0x7467_6164_6D69_6E  # "tgadmin": two machines that start at once migrate one after the other


class Command(PlainCommand):
    help = (
        "Apply migrations, then make the first administrator from DJANGO_SUPERUSER_USERNAME, _PASSWORD and _EMAIL "
        "unless there is an active one; collect the static files meanwhile."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        with ThreadPoolExecutor(1) as beside:
            collected = beside.submit(collect)
            name, created = self._database(0 if options["json"] else options["verbosity"])
        try:
            collected.result()
        except NotCollected as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(json.dumps({"administrator": name, "created": created}))
        else:
            self.stdout.write(
                f"Migrations are applied; administrator '{name}' {'was made' if created else 'is there'}."
            )

    def _database(self, verbosity: int) -> tuple[str, bool]:
        """Migrated, with an administrator: their name, and whether they were made."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
            try:
                call_command("migrate", interactive=False, verbosity=verbosity)
                return self._administrator()
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])

    def _administrator(self) -> tuple[str, bool]:
        users = get_user_model()._default_manager
        if (known := users.filter(is_superuser=True, is_active=True).order_by("pk").first()) is not None:
            return known.get_username(), False
        name = os.environ.get("DJANGO_SUPERUSER_USERNAME") or "admin"
        password = os.environ.get("DJANGO_SUPERUSER_PASSWORD")
        if not password:
            raise CommandError(
                "There is no administrator yet: set DJANGO_SUPERUSER_PASSWORD (and DJANGO_SUPERUSER_USERNAME)."
            )
        if users.filter(**{get_user_model().USERNAME_FIELD: name}).exists():
            raise CommandError(
                f"There is no active administrator, and user '{name}' is none: "
                "set DJANGO_SUPERUSER_USERNAME to another name, or make that user one with 'manage.py shell'."
            )
        users.create_superuser(name, os.environ.get("DJANGO_SUPERUSER_EMAIL", ""), password)
        return name, True
