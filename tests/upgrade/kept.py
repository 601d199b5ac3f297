"""Databases of released versions, kept with their data: what an update must carry over.

``python -m tests.upgrade VERSION`` writes VERSION.sql.gz, and VERSION.json with the migrations of that release.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.kit.running import ROOT

FOLDER = Path(__file__).parent
KEYS = {
    "SECRET_KEY": "only-for-the-kept-database-of-a-released-version",
    "SESSION_ENCRYPTION_KEYS": "encrypts-the-kept-database-of-a-released-version",
}
"""Of the installation whose database was kept. It never knew an account of anybody's."""
OURS = ("telegram_", "chat_", "staff_", "gateway_", "live_", "audit_", "installation")
"""How the names of our tables begin."""

Contents = dict[str, tuple[int, str]]


def versions() -> list[str]:
    """The kept ones."""
    return sorted(path.name.removesuffix(".sql.gz") for path in FOLDER.glob("*.sql.gz"))


def released(version: str) -> dict[str, str]:
    """The migrations of that release: path below the project, digest of the file."""
    found: dict[str, str] = json.loads((FOLDER / f"{version}.json").read_text())
    return found


def last_migrations(version: str) -> dict[str, str]:
    """Of each of our apps, by its folder: the name of its last migration in that release."""
    return {Path(path).parts[1]: Path(path).stem for path in sorted(released(version))}


def restore(version: str, url: str) -> None:
    """Fill the empty database at ``url``."""
    script = gzip.decompress((FOLDER / f"{version}.sql.gz").read_bytes()).decode()
    script = re.sub(r"^\\(un)?restrict .*\n", "", script, flags=re.MULTILINE)  # for psql alone
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def columns(url: str) -> dict[str, list[str]]:
    """Columns by table."""
    query = """
        SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables
        USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1, 2
    """
    found: dict[str, list[str]] = {}
    with psycopg.connect(url) as connection:
        for table, column in connection.execute(query).fetchall():
            found.setdefault(table, []).append(column)
    return found


def contents(url: str, of: dict[str, list[str]]) -> Contents:
    """By table: how many rows it has, and a digest of these columns of all of them, in no order."""
    with psycopg.connect(url) as connection:
        return {table: _digest(connection, table, names) for table, names in of.items()}


def _digest(connection: psycopg.Connection[Any], table: str, names: list[str]) -> tuple[int, str]:
    row = sql.SQL(", ").join(map(sql.Identifier, names))
    query = sql.SQL(
        "SELECT count(*), coalesce(md5(string_agg(each, '' ORDER BY each)), '') "
        "FROM (SELECT md5(ROW({})::text) AS each FROM {}) hashed"
    ).format(row, sql.Identifier(table))
    found = connection.execute(query).fetchone()
    assert found is not None
    return int(found[0]), str(found[1])


def migration_files() -> list[Path]:
    """Every migration of ours, as it stands."""
    return sorted(path for path in (ROOT / "apps").glob("*/migrations/[0-9]*.py"))


def digest(path: Path) -> str:
    """Of a migration's file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
