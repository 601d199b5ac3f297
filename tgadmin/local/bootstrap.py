"""Migrations and the first administrator, or the knowledge that both are done."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tgadmin.local import keys, logs
from tgadmin.local.errors import LocalError
from tgadmin.local.paths import DataDir
from tgadmin.local.postgres import USER
from tgadmin.local.processes import Child
from tgadmin.local.readiness import Database

COMMAND = (sys.executable, "manage.py", "prepare", "--json")


@dataclass(frozen=True)
class Administrator:
    """Who signs in first, and a line that says where the password is."""

    name: str
    password: str


@dataclass(frozen=True)
class Preparation:
    """`given`: the user's environment. `owner`: DATABASE_URL of the owner of our own PostgreSQL's tables, on which we
    may leave our mark; None with a database of the user's."""

    data: DataDir
    base: Path
    given: Mapping[str, str]
    owner: str | None
    child: Callable[[str, list[str], Mapping[str, str]], Child]
    say: Callable[[str], None]

    def do(self, environment: Mapping[str, str]) -> Administrator:
        """Bring the database that DATABASE_URL of `environment` names to this code's state. In our own, the program's
        role is given what it may do."""
        if self.owner is not None:
            environment = {**environment, "DATABASE_URL": self.owner}
        database = Database(environment["DATABASE_URL"])
        if self.owner is not None and (name := database.administrator(self.base)) is not None:
            database.share(USER)  # a database of an older version has not heard of it
            return Administrator(name, self._hint())
        self.say("Database: applying migrations …")
        kept = keys.initial_password(self.data)
        wanted = keys.first_administrator(self.data, self.given)
        report = self._run({**environment, **wanted})
        if self.owner is not None:
            database.share(USER)
            database.stamp(self.base)
        name = str(report["administrator"])
        if not report["created"]:
            if kept is None:
                self.data.initial_password.unlink(missing_ok=True)  # made for nothing: there is an administrator
            return Administrator(name, self._hint())
        if "DJANGO_SUPERUSER_PASSWORD" in self.given:
            return Administrator(name, "as in DJANGO_SUPERUSER_PASSWORD")
        password = wanted["DJANGO_SUPERUSER_PASSWORD"]
        return Administrator(name, f"{password}   (shown once; kept in {self.data.initial_password})")

    def _hint(self) -> str:
        if keys.initial_password(self.data) is None:
            return "the one that was chosen at the first start"
        return f"in {self.data.initial_password}, unless it was changed since"

    def _run(self, environment: Mapping[str, str]) -> dict[str, Any]:
        child = self.child("prepare", list(COMMAND), environment)
        child.start()
        status = child.wait()
        lines = child.last_lines()
        if status != 0 or not lines:
            raise LocalError(f"The database could not be prepared: {logs.reason(lines)} (see {child.log})")
        report: dict[str, Any] = json.loads(lines[-1])
        return report
