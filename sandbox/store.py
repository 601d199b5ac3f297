"""Where the sandbox keeps what it must not forget: one SQLite file of (kind, key) -> value, written through.

The world itself lives in memory. Every change is put here too, and :meth:`Store.commit` runs before an answer leaves,
so a sandbox that is killed with -9 never forgets anything that it has told somebody.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_JSON, _BYTES = 0, 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, form INTEGER NOT NULL, value BLOB NOT NULL,
    UNIQUE (kind, key))
"""
_UPSERT = """
INSERT INTO facts (kind, key, form, value) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET form = excluded.form, value = excluded.value
"""


class StoreInUseError(RuntimeError):
    """Another process has the state file open."""


class Store:
    """A buffered key-value store; ``path`` None keeps everything in memory only.

    Raises :class:`StoreInUseError` when another sandbox holds the file.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        self._buffer: dict[tuple[str, str], tuple[int, bytes] | None] = {}
        self._db = _open(path)

    def put(self, kind: str, key: str | int, value: dict[str, Any] | bytes) -> None:
        """Remember ``value`` (as it is now: later changes of a dict need another put)."""
        if isinstance(value, bytes):
            self._buffer[kind, str(key)] = (_BYTES, value)
        else:
            text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
            self._buffer[kind, str(key)] = (_JSON, text.encode("utf-8", "surrogatepass"))

    def delete(self, kind: str, key: str | int) -> None:
        """Forget a value; one that is not there is no error."""
        self._buffer[kind, str(key)] = None

    def load(self, kind: str) -> Iterator[tuple[str, dict[str, Any] | bytes]]:
        """Everything of a kind, in the order in which the keys were first put."""
        self.commit()
        rows = self._db.execute("SELECT key, form, value FROM facts WHERE kind = ? ORDER BY id", (kind,)).fetchall()
        for key, form, value in rows:
            yield key, bytes(value) if form == _BYTES else json.loads(bytes(value).decode("utf-8", "surrogatepass"))

    def rows(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The dicts of a kind, in the same order."""
        for key, value in self.load(kind):
            if isinstance(value, dict):
                yield key, value

    def commit(self) -> None:
        """Write what is buffered, in one transaction; nothing buffered costs nothing."""
        if not self._buffer:
            return
        gone = [where for where, fact in self._buffer.items() if fact is None]
        kept = [(*where, *fact) for where, fact in self._buffer.items() if fact is not None]
        with self._db:
            if gone:
                self._db.executemany("DELETE FROM facts WHERE kind = ? AND key = ?", gone)
            if kept:
                self._db.executemany(_UPSERT, kept)
        self._buffer.clear()

    def close(self) -> None:
        """Commit and close; the store cannot be used afterwards."""
        self.commit()
        self._db.close()


def _open(path: str | None) -> sqlite3.Connection:
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        # The file holds auth keys: nobody else may read it, from its first moment on.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    db = sqlite3.connect(path or ":memory:", timeout=1.0, check_same_thread=False)
    try:
        # One owner per file: the exclusive lock dies with its process, and needs no shared-memory file beside it.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing that was written; only a power cut may, and the sandbox need not survive that.
        db.execute("PRAGMA synchronous = NORMAL")
        with db:
            db.execute("BEGIN IMMEDIATE")
            db.execute(_SCHEMA)
    except sqlite3.OperationalError as error:
        db.close()
        if "locked" in str(error):
            raise StoreInUseError(f"the sandbox's state file is in use by another process: {path}") from error
        raise
    return db
