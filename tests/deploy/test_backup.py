"""docs/operate.md's backup and restore, with the options that it names, on a PostgreSQL of the system's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.kit.running import ROOT
from tests.kit.system_postgres import installed, system_postgres
from tests.upgrade import kept

PAGE = ROOT / "docs" / "operate.md"


def options(program: str) -> list[str]:
    """Of the one line that runs it, without the database's name and where it reads or writes."""
    (line,) = re.findall(rf"-- {program} (.*)$", PAGE.read_text(), re.MULTILINE)
    return [word for word in line.split() if word.startswith("--") and not word.startswith("--dbname")]


def manage(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **kept.KEYS, "DATABASE_URL": url}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.timeout(300)
@pytest.mark.skipif(not installed(), reason="Debian's package postgresql is missing")
def test_a_backup_is_restored_and_checked(tmp_path: Path) -> None:
    programs = list(installed().values())[-1]
    with system_postgres(programs) as url:
        kept.restore(kept.versions()[0], url)
        assert manage(url, "migrate", "--noinput").returncode == 0
        dump = tmp_path / "tgadmin.dump"
        subprocess.run([programs / "pg_dump", *options("pg_dump"), f"--file={dump}", url], check=True)

        with psycopg.connect(url, autocommit=True) as server:
            server.execute("CREATE ROLE tgadmin LOGIN")
            server.execute("CREATE DATABASE tgadmin_copy OWNER tgadmin")
        copy = url.replace("/tgadmin", "/tgadmin_copy")
        subprocess.run([programs / "pg_restore", *options("pg_restore"), f"--dbname={copy}", dump], check=True)

        found = json.loads(manage(copy, "monitor", "check", "--json").stdout)
        assert found["sound"], found["findings"]
        assert found["secrets"]["total"] > 0
        original = json.loads(manage(url, "monitor", "check", "--json").stdout)
        assert (found["rows"], found["epoch"]) == (original["rows"], original["epoch"])
        with psycopg.connect(copy) as there:
            owners = there.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert owners == [("tgadmin",)]
