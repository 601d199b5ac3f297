"""Session files of other programs: what they write is read, what is hostile is refused, nothing is carried out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.crypto import AuthKey
from telethon.sessions import SQLiteSession

from tgadmin.core import session_files
from tgadmin.core.data_centres import is_test
from tgadmin.core.errors import UserError
from tgadmin.core.session_strings import ForeignSession, write_string

pytestmark = pytest.mark.pure

KEY = bytes(range(256))
SESSION = ForeignSession(2, "149.154.167.51", 443, KEY)


@pytest.fixture
def telethon_file(tmp_path: Path) -> Path:
    """What Telethon itself writes."""
    session = SQLiteSession(str(tmp_path / "own"))
    session.set_dc(2, "149.154.167.51", 443)
    session.auth_key = AuthKey(KEY)
    session.save()
    session.close()
    return tmp_path / "own.session"


@pytest.fixture
def database(tmp_path: Path) -> Callable[[str], bytes]:
    """The bytes of a SQLite file made by these statements."""

    def make(script: str) -> bytes:
        path = tmp_path / "made.sqlite"
        path.unlink(missing_ok=True)
        with sqlite3.connect(path) as connection:
            connection.executescript(script)
        connection.close()
        return path.read_bytes()

    return make


def test_telethons_file(telethon_file: Path) -> None:
    assert session_files.read(telethon_file.read_bytes()) == SESSION


def test_a_file_of_an_older_telethon_in_write_ahead_mode(database: Callable[[str], bytes]) -> None:
    data = database(
        "PRAGMA journal_mode=WAL; CREATE TABLE version (version integer primary key); INSERT INTO version VALUES (7);"
        "CREATE TABLE sessions (dc_id integer primary key, server_address text, port integer, auth_key blob,"
        f"takeout_id integer); INSERT INTO sessions VALUES (2, '149.154.167.51', 443, x'{KEY.hex()}', NULL);"
        "PRAGMA wal_checkpoint(TRUNCATE);"
    )
    assert data[18:20] == b"\x02\x02"
    assert session_files.read(data) == SESSION


@pytest.mark.parametrize("version", range(1, 8))
def test_files_of_all_versions_of_telethon(database: Callable[[str], bytes], version: int) -> None:
    """Their tables of sessions: a layer at first, none, then the takeout's id; update_state from 4 on."""
    extra, value = {1: (", layer integer", ", 70"), 2: ("", ""), 3: ("", ""), 4: ("", "")}.get(
        version, (", takeout_id integer", ", NULL")
    )
    states = "CREATE TABLE update_state (id integer primary key, pts integer, qts integer, date integer, seq integer);"
    data = database(
        f"CREATE TABLE version (version integer primary key); INSERT INTO version VALUES ({version});"
        f"CREATE TABLE sessions (dc_id integer primary key, server_address text, port integer, auth_key blob{extra});"
        "CREATE TABLE entities (id integer primary key, hash integer not null, username text, name text);"
        f"INSERT INTO sessions VALUES (2, '149.154.167.51', 443, x'{KEY.hex()}'{value});"
        + (states if version > 3 else "")
    )
    assert session_files.read(data) == SESSION


PYROGRAM = (
    "CREATE TABLE sessions (dc_id INTEGER PRIMARY KEY, {api}test_mode INTEGER, auth_key BLOB, date INTEGER NOT NULL,"
    " user_id INTEGER, is_bot INTEGER); CREATE TABLE peers (id INTEGER PRIMARY KEY, access_hash INTEGER,"
    " type INTEGER NOT NULL, username TEXT, phone_number TEXT); CREATE TABLE version (number INTEGER PRIMARY KEY);"
)


@pytest.mark.parametrize("api", ["", "api_id INTEGER, "])
@pytest.mark.parametrize("test", [0, 1])
def test_pyrograms_file(database: Callable[[str], bytes], api: str, test: int) -> None:
    value = "12345, " if api else ""
    data = database(
        PYROGRAM.format(api=api) + f"INSERT INTO sessions VALUES (2, {value}{test}, x'{KEY.hex()}', 0, 7, 0);"
    )
    read = session_files.read(data)
    assert (read.dc_id, read.port, read.auth_key) == (2, 443, KEY)
    assert is_test(read.server_address) == bool(test)


@pytest.mark.parametrize(
    ("begins", "named"),
    [
        (b"TDF$\x01\0", "Telegram Desktop"), (b"PK\x03\x04", "ZIP"), (b"Rar!\x1a\x07", "RAR"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"\x1f\x8b\x08", "gzip"), (b"\x37\x7f\x06\x82", "-wal"), (b"\x37\x7f\x06\x83", "-wal"),
        (b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", "-journal"), (b'{"session_file": "4915"}', "JSON"),
    ],
)  # fmt: skip
def test_what_people_take_for_a_session_is_named(begins: bytes, named: str) -> None:
    with pytest.raises(UserError, match=named):
        session_files.read(begins + bytes(1000))


def test_a_copy_of_a_file_whose_program_was_running(database: Callable[[str], bytes]) -> None:
    """What is written last stands in the journal beside it."""
    for script in (TABLE, "PRAGMA user_version = 1;"):
        with pytest.raises(UserError, match="was running"):
            session_files.read(database(script))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_string_in_a_text_file(encoding: str) -> None:
    text = write_string(SESSION)
    assert session_files.read(f"{text}\r\n".encode(encoding)) == SESSION


TABLE = "CREATE TABLE sessions (dc_id, server_address, port, auth_key);"
ROW = f"INSERT INTO sessions VALUES (2, '149.154.167.51', 443, x'{KEY.hex()}');"


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE other (a);",
        TABLE,
        TABLE + ROW + ROW,
        "CREATE TABLE sessions (dc_id, port, auth_key);",
        (TABLE + ROW).replace("sessions", "t") + "CREATE VIEW sessions AS SELECT * FROM t;",
        "CREATE VIEW sessions AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT x AS dc_id,"
        " x AS server_address, x AS port, x AS auth_key FROM n;",
        "CREATE TABLE t (k); CREATE VIEW sessions AS SELECT 2 AS dc_id, '1.2.3.4' AS server_address, 443 AS port,"
        " zeroblob(1000000000) AS auth_key FROM t;",
        TABLE + "INSERT INTO sessions VALUES (2, '149.154.167.51', 443, zeroblob(2000000));",
        TABLE + "INSERT INTO sessions VALUES (2, '149.154.167.51', 443, zeroblob(256));",
        TABLE + "INSERT INTO sessions VALUES (2, '149.154.167.51', 443, 'text');",
        TABLE + f"INSERT INTO sessions VALUES ('2', '149.154.167.51', 443, x'{KEY.hex()}');",
        TABLE + f"INSERT INTO sessions VALUES (2, 'evil.example', 443, x'{KEY.hex()}');",
        TABLE + f"INSERT INTO sessions VALUES (2, x'ff', 443, x'{KEY.hex()}');",
        TABLE + f"INSERT INTO sessions VALUES (2, '149.154.167.51', 99999, x'{KEY.hex()}');",
        TABLE + f"INSERT INTO sessions VALUES (9e99, '149.154.167.51', 443, x'{KEY.hex()}');",
        "CREATE TABLE t (a, dc_id INT GENERATED ALWAYS AS (abs(a)), server_address, port, auth_key);"
        "ALTER TABLE t RENAME TO sessions;",
        "CREATE VIRTUAL TABLE sessions USING fts5(dc_id, server_address, port, auth_key);" + ROW,
    ],
)
def test_files_that_are_not_sessions(database: Callable[[str], bytes], script: str) -> None:
    with pytest.raises(UserError) as refused:
        session_files.read(database(script))
    assert refused.value.code == "IMPORT_UNREADABLE"
    assert KEY.hex()[:20] not in str(refused.value)


def test_computed_columns_are_not_carried_out(database: Callable[[str], bytes]) -> None:
    """A generated column runs an expression of the file's when it is read."""
    script = (
        "CREATE TABLE sessions (dc_id, server_address, port, auth_key, bomb GENERATED ALWAYS AS (zeroblob(900000000)));"
        f"INSERT INTO sessions (dc_id, server_address, port, auth_key) VALUES (2,'149.154.167.51',443,x'{KEY.hex()}');"
    )
    with pytest.raises(UserError):
        session_files.read(database(script))


def test_every_cut_and_every_flipped_byte(telethon_file: Path) -> None:
    data = telethon_file.read_bytes()
    for end in (0, 15, 16, 100, 511, 512, 4096):
        with pytest.raises(UserError):
            session_files.read(data[:end])
    for place in range(0, len(data), 61):
        with suppress(UserError):
            session_files.read(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])


def test_too_much(telethon_file: Path) -> None:
    with pytest.raises(UserError):
        session_files.read(telethon_file.read_bytes() + bytes(session_files.MAX_FILE))
    with pytest.raises(UserError):
        session_files.read(b"1" * 100_000)


@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(UserError):
        session_files.read(session_files.SQLITE_MAGIC + data)
    with pytest.raises(UserError):
        session_files.read(data)
