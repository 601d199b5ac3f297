"""Databases of released versions, kept with their data: what an update must carry over.

``python -m tests.upgrade VERSION`` writes one; see keep.py.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import psycopg

from tests.kit.running import ROOT

FOLDER = Path(__file__).parent
KEYS = {
    "SECRET_KEY": "only-for-the-kept-database-of-a-released-version",
    "SESSION_ENCRYPTION_KEYS": "encrypts-the-kept-database-of-a-released-version",
}
"""Of the installation whose database was kept. It never knew an account of anybody's."""
OUR_APPS = ("staff", "commands", "tg_sessions", "signin", "chats", "demo", "monitoring")
"""By label: those that may have migrations."""


def versions() -> list[Path]:
    """The kept databases, one file each."""
    return sorted(FOLDER.glob("*.sql.gz"))


def restore(kept: Path, url: str) -> None:
    """Fill the empty database at ``url``."""
    script = gzip.decompress(kept.read_bytes()).decode()
    script = re.sub(r"^\\.*\n", "", script, flags=re.MULTILINE)  # for psql alone
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def counts(url: str) -> dict[str, int]:
    """Rows by table."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        found = {}
        for (table,) in tables:
            query = psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(table))
            row = connection.execute(query).fetchone()
            assert row is not None
            found[str(table)] = int(row[0])
    return found


def migration_files() -> list[Path]:
    """Every migration of ours, as it stands."""
    return sorted(path for path in (ROOT / "apps").glob("*/migrations/[0-9]*.py"))
