"""Sessions of other programs: Telethon's StringSession and its ``.session`` file, read from bytes that may be hostile.

Nothing is written, nothing is connected to, and nothing but the key and its data centre is taken out. The formats are
Telethon's (telethon/sessions/string.py, sqlite.py); errors never hold what was given.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import sqlite3
import struct
from dataclasses import dataclass, field
from typing import Any

from tgadmin.core.errors import UserError

KEY_BYTES = 256
MAX_STRING = 1024
MAX_FILE = 32 * 1024 * 1024
"""A real file holds every peer that its program has met, so it may be large; this is some 200,000 of them."""
SQLITE_MAGIC = b"SQLite format 3\x00"
STEPS = 100_000
"""SQLite instructions until a query is given up: reading one row takes a few dozen."""
MAX_VALUE = 64 * 1024  # bytes of one value that SQLite may read; an auth key has 256
_COLUMNS = {"dc_id", "server_address", "port", "auth_key"}
_READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ})
_TABLES = frozenset({"sqlite_master", "sessions"})


@dataclass(frozen=True, slots=True)
class ForeignSession:
    """An auth key as another program has kept it; the address is what that program connected to."""

    dc_id: int
    server_address: str
    port: int
    auth_key: bytes = field(repr=False)

    def to_json(self) -> dict[str, object]:
        """For encrypted storage, as a key is kept: {"dc_id", "server_address", "port", "auth_key" (base64)}."""
        key = base64.b64encode(self.auth_key).decode("ascii")
        return {"dc_id": self.dc_id, "server_address": self.server_address, "port": self.port, "auth_key": key}


def read(data: bytes) -> ForeignSession:
    """A session from a file's bytes, whichever of the two formats it has. Raises UserError."""
    if data.startswith(SQLITE_MAGIC):
        return read_file(data)
    if len(data) > MAX_STRING:
        raise UserError("IMPORT_UNREADABLE", "This is neither a Telethon session file nor a StringSession.")
    try:
        return read_string(data.decode("ascii"))
    except UnicodeDecodeError:
        raise UserError("IMPORT_UNREADABLE", "This is neither a Telethon session file nor a StringSession.") from None


def read_string(text: str) -> ForeignSession:
    """``1`` and base64url of data centre, IPv4 or IPv6 address, port, key. Raises UserError."""
    text = "".join(text.split())
    if not text.startswith("1") or len(text) > MAX_STRING:
        raise UserError("IMPORT_UNREADABLE", "This is not a StringSession: a StringSession begins with 1.")
    try:
        raw = base64.b64decode(text[1:], altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise UserError("IMPORT_UNREADABLE", "This StringSession is damaged or incomplete.") from None
    sizes = {struct.calcsize(_form(size)): size for size in (4, 16)}
    if len(raw) not in sizes:
        raise UserError("IMPORT_UNREADABLE", "This StringSession is damaged or incomplete.")
    dc_id, address, port, key = struct.unpack(_form(sizes[len(raw)]), raw)
    return _session(dc_id, str(ipaddress.ip_address(address)), port, key)


def write_string(session: ForeignSession) -> str:
    """The StringSession that read_string reads. Raises ValueError for an address that is no IP address."""
    address = ipaddress.ip_address(session.server_address).packed
    raw = struct.pack(_form(len(address)), session.dc_id, address, session.port, session.auth_key)
    return "1" + base64.urlsafe_b64encode(raw).decode("ascii")


def _form(address_bytes: int) -> str:
    return f">B{address_bytes}sH{KEY_BYTES}s"


def read_file(data: bytes) -> ForeignSession:
    """The one session in a Telethon SQLite file's bytes. Raises UserError.

    The bytes are a database in memory: there is no file, no journal, no lock, and nobody else sees the key. SQLite may
    read the table of sessions and the schema, and nothing else; what takes it long is given up.
    """
    if len(data) > MAX_FILE:
        raise UserError("IMPORT_UNREADABLE", f"The file is larger than {MAX_FILE // 2**20} MB: no session file is.")
    if not data.startswith(SQLITE_MAGIC) or len(data) < 512:
        raise UserError("IMPORT_UNREADABLE", "This is not a Telethon session file (SQLite).")
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
        raise UserError("IMPORT_UNREADABLE", "The file holds no Telethon session.")
    if str(kinds[0][2]).upper().lstrip().startswith("CREATE VIRTUAL"):
        raise UserError("IMPORT_UNREADABLE", "The file holds no Telethon session.")
    found = connection.execute("SELECT * FROM sessions LIMIT 2")
    names = [column[0] for column in found.description]
    if not set(names) >= _COLUMNS:
        raise UserError("IMPORT_UNREADABLE", "The file is not one of Telethon's: its table of sessions differs.")
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    if len(rows) != 1:
        message = (
            "The session file is empty: its program has not signed in." if not rows else "The file holds two sessions."
        )
        raise UserError("IMPORT_UNREADABLE", message)
    return _session(*(rows[0][name] for name in ("dc_id", "server_address", "port", "auth_key")))


def _session(dc_id: Any, server_address: Any, port: Any, key: Any) -> ForeignSession:
    """The parts, checked: their types are the file's to choose."""
    if not isinstance(key, bytes) or len(key) != KEY_BYTES or not any(key):
        raise UserError("IMPORT_UNREADABLE", "The session holds no key: its program has not signed in.")
    sound = type(dc_id) is int and 1 <= dc_id <= 0x7FFF and type(port) is int and 1 <= port <= 65535
    try:
        address = str(ipaddress.ip_address(server_address)) if isinstance(server_address, str) else ""
    except ValueError:
        address = ""
    if not sound or not address:
        raise UserError("IMPORT_UNREADABLE", "The session names no data centre that could be one of Telegram's.")
    return ForeignSession(dc_id, address, port, key)
