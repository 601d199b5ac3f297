"""Telethon's session formats: what Telethon writes is read, what is hostile is refused, nothing is carried out."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.crypto import AuthKey
from telethon.sessions import SQLiteSession, StringSession

from tgadmin.core import session_files
from tgadmin.core.errors import UserError
from tgadmin.core.session_files import ForeignSession

pytestmark = pytest.mark.pure

KEY = bytes(range(256))
SESSION = ForeignSession(2, "149.154.167.51", 443, KEY)


def telethon_string(address: str = "149.154.167.51") -> str:
    session = StringSession()
    session.set_dc(2, address, 443)
    session.auth_key = AuthKey(KEY)
    return str(session.save())


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


@pytest.mark.parametrize("address", ["149.154.167.51", "2001:67c:4e8:f002::a"])
def test_telethons_string_both_ways(address: str) -> None:
    text = telethon_string(address)
    read = session_files.read_string(f" {text[:100]}\n{text[100:]} ")
    assert read == ForeignSession(2, address, 443, KEY)
    assert session_files.write_string(read) == text
    assert session_files.read(text.encode()) == read
    assert base64.b64decode(str(read.to_json()["auth_key"])) == KEY
    assert "\\x" not in repr(read)


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


@pytest.mark.parametrize("text", ["", "1", "2" + telethon_string()[1:], telethon_string()[:-4], "1" + "é" * 352, "\0"])
def test_strings_that_are_not_sessions(text: str) -> None:
    with pytest.raises(UserError) as refused:
        session_files.read_string(text)
    assert not text or text[1:20] not in str(refused.value) or len(text) < 3


@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(UserError):
        session_files.read(session_files.SQLITE_MAGIC + data)
    with pytest.raises(UserError):
        session_files.read(data)
