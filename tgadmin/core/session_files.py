"""Sessions of other programs as files: Telethon's and Pyrogram's ``.session``, read from bytes that may be hostile.

Nothing is written, nothing is connected to, and nothing but the key and its data centre is taken out. The formats are
telethon/sessions/sqlite.py and pyrogram/storage/sqlite_storage.py; errors never hold what was given. A text is read by
session_strings.
"""

from __future__ import annotations

import codecs
import sqlite3
from typing import Any

from tgadmin.core.errors import UserError
from tgadmin.core.session_strings import MAX_PASTED, ForeignSession, address_of, checked, read_string

MAX_FILE = 32 * 1024 * 1024
"""A real file holds every peer that its program has met, so it may be large; this is some 200,000 of them."""
SQLITE_MAGIC = b"SQLite format 3\x00"
STEPS = 100_000
"""SQLite instructions until a query is given up: reading one row takes a few dozen."""
MAX_VALUE = 64 * 1024  # bytes of one value that SQLite may read; an auth key has 256
_KEPT = {"dc_id", "auth_key"}
_TELETHON = _KEPT | {"server_address", "port"}
_PYROGRAM = _KEPT | {"test_mode", "user_id"}
_READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ})
_TABLES = frozenset({"sqlite_master", "sessions"})

_BY_QR = "Sign the account in by QR code instead"
_ARCHIVE = "This is a {} archive: unpack it, and give the .session file that is in it."
_JOURNAL = (
    "This is the journal beside a session file ({}): end the program that uses the session, "
    "and give the .session file itself."
)
_KINDS: dict[bytes, str] = {
    b"TDF$": "This is a file of Telegram Desktop (its folder tdata), which is not read here. "
    f"{_BY_QR}, or convert the folder to a Telethon session first, with opentele for example.",
    b"PK\x03\x04": _ARCHIVE.format("ZIP"),
    b"Rar!": _ARCHIVE.format("RAR"),
    b"7z\xbc\xaf": _ARCHIVE.format("7z"),
    b"\x1f\x8b": _ARCHIVE.format("gzip"),
    b"\x37\x7f\x06": _JOURNAL.format("-wal"),
    b"\xd9\xd5\x05\xf9": _JOURNAL.format("-journal"),
    b"{": f"This is a JSON file, which holds no session that can be read here. {_BY_QR}, "
    "or give the .session file that belongs to it.",
}
"""How files begin that people take for a session, and what they are told."""
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_UNKNOWN = "This is no session of Telethon, Pyrogram or GramJS, neither a file nor a string."


def read(data: bytes) -> ForeignSession:
    """A session from a file's bytes or from a text's, whichever of the formats it has. Raises UserError, which names
    the kind of what it is not."""
    if data.startswith(SQLITE_MAGIC):
        return read_file(data)
    for begins, message in _KINDS.items():
        if data.startswith(begins):
            raise UserError("IMPORT_UNREADABLE", message)
    if len(data) > 4 * MAX_PASTED:
        raise UserError("IMPORT_UNREADABLE", _UNKNOWN)
    encoding = next((name for bom, name in _BOMS.items() if data.startswith(bom)), "utf-8")
    try:
        return read_string(data.decode(encoding))
    except UnicodeDecodeError:
        raise UserError("IMPORT_UNREADABLE", _UNKNOWN) from None


def read_file(data: bytes) -> ForeignSession:
    """The one session in the bytes of a SQLite file of Telethon's or Pyrogram's. Raises UserError.

    The bytes are a database in memory: there is no file, no journal, no lock, and nobody else sees the key. SQLite may
    read the table of sessions and the schema, and nothing else; what takes it long is given up.
    """
    if len(data) > MAX_FILE:
        raise UserError("IMPORT_UNREADABLE", f"The file is larger than {MAX_FILE // 2**20} MB: no session file is.")
    if not data.startswith(SQLITE_MAGIC) or len(data) < 512:
        raise UserError("IMPORT_UNREADABLE", "This is not a session file (SQLite).")
    # A file in write-ahead mode says so in two bytes, and could not be opened from memory.
    data = data[:18] + b"\x01\x01" + data[20:]
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.deserialize(data)
        _bind(connection)
        return _only_row(connection)
    except (sqlite3.Error, OverflowError, UnicodeDecodeError, MemoryError):
        raise UserError("IMPORT_UNREADABLE", "The session file is damaged, or made to do harm.") from None
    finally:
        connection.close()


def _bind(connection: sqlite3.Connection) -> None:
    """From here on the database is read, in few steps, and obeyed in nothing."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
    connection.setlimit(sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 20)
    for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    steps = iter(range(STEPS // 1000))
    connection.set_progress_handler(lambda: next(steps, None) is None, 1000)

    def allow(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
        if action not in _READS or (action == sqlite3.SQLITE_READ and first not in _TABLES) or trigger:
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    connection.set_authorizer(allow)


def _only_row(connection: sqlite3.Connection) -> ForeignSession:
    kinds = connection.execute("SELECT type, rootpage, sql FROM sqlite_master WHERE name = 'sessions'").fetchall()
    if [(kind, isinstance(page, int) and page > 0) for kind, page, _ in kinds] != [("table", True)]:
        raise UserError("IMPORT_UNREADABLE", "The file holds no session." + _RUNNING)
    if str(kinds[0][2]).upper().lstrip().startswith("CREATE VIRTUAL"):
        raise UserError("IMPORT_UNREADABLE", "The file holds no session.")
    found = connection.execute("SELECT * FROM sessions LIMIT 2")
    names = [column[0] for column in found.description]
    if not (set(names) >= _TELETHON or set(names) >= _PYROGRAM):
        raise UserError("IMPORT_UNREADABLE", "The file is not Telethon's or Pyrogram's: its table of sessions differs.")
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    if len(rows) != 1:
        raise UserError("IMPORT_UNREADABLE", "The session file is empty." + _RUNNING if not rows else _TWO)
    return _session(rows[0])


_RUNNING = (
    " Either its program has not signed in, or it was running when the file was copied: "
    "end it, and copy the file again."
)
_TWO = "The file holds two sessions."


def _session(row: dict[str, Any]) -> ForeignSession:
    if "server_address" in row:
        return checked(row["dc_id"], row["server_address"], row["port"], row["auth_key"])
    # Pyrogram keeps no address.
    return checked(row["dc_id"], address_of(row["dc_id"], test=bool(row["test_mode"])), 443, row["auth_key"])
