"""``python -m tests.upgrade VERSION``: keeps the database of a release, made by using the product.

The whole product runs on a PostgreSQL 15 (whose dumps newer ones read, too), signs the demo's accounts in, lets them
write, and what that leaves empty gets a row (fill.py). Made once, when VERSION is released, and never again.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys

import psycopg

from tests.kit.running import ROOT, RunningUp, temporary_base
from tests.kit.system_postgres import OLDEST, installed, system_postgres
from tests.kit.waiting import eventually
from tests.upgrade.kept import FOLDER, KEYS, digest, migration_files

START = """
from django.contrib.auth.models import User
from apps.demo import services
services.start(User.objects.get(is_superuser=True))
"""
MESSAGES = 12
"""As many as there must be before it is kept."""


def main(version: str) -> None:
    programs = installed()[OLDEST]
    with (
        system_postgres(programs) as url,
        temporary_base() as base,
        RunningUp(base / "var", environment={"DATABASE_URL": url, **KEYS}) as up,
    ):
        up.wait_ready()
        environment = {**os.environ, **up.runtime().environment}
        _shell(START, environment)
        eventually(lambda: _messages(url) >= MESSAGES, 300, "the demo's accounts are signed in and have messages")
        _shell("from tests.upgrade.fill import fill; fill()", environment)
        dump = [programs / "pg_dump", "--inserts", "--no-owner", "--no-privileges", url]
        text = subprocess.run(dump, check=True, capture_output=True).stdout
    (FOLDER / f"{version}.sql.gz").write_bytes(gzip.compress(text, mtime=0))
    released = {path.relative_to(ROOT).as_posix(): digest(path) for path in migration_files()}
    (FOLDER / f"{version}.json").write_text(json.dumps(released, indent=1) + "\n")
    print(f"{version}: {len(text):,} bytes, {len(released)} migrations")  # noqa: T201


def _shell(code: str, environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "manage.py", "shell", "-c", code], cwd=ROOT, env=environment, check=True)


def _messages(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM telegram_messages").fetchone()
    return 0 if row is None else int(row[0])


if __name__ == "__main__":
    main(sys.argv[1])
