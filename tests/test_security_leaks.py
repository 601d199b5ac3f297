"""Canaries: a whole run with LOG_LEVEL=DEBUG, right and wrong turns, then a look for every secret where none may be.

Real processes: logs, output, error pages, the HTML of every page, frames of the live socket, the process list, the
database outside its encrypted columns, the rights of files. What is data there is no leak: a phone number in its own
columns, and on the sign-in's page of whoever typed it; a message's text in messages and chats. A login code is data
nowhere: Telegram sends it as a message too, and the one answer that shows it goes to the manager who asked.
"""

from __future__ import annotations

import html
import json
import os
import re
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from apps.sessions.services.keys import encrypted_columns
from tests.kit.canaries import NOTICE, SERVICE, SIGN_IN, run
from tests.kit.canary_run import PHONE, TEXT, Run

__all__ = ["run"]

pytestmark = pytest.mark.timeout(900)

PHONE_COLUMNS = {("telegram_sessions", "phone"), ("telegram_sign_ins", "phone"), ("telegram_peers", "phone")}
ENCRYPTED_COLUMNS = {(column.table, column.name) for column in encrypted_columns()}
TEXT_TABLES = {"telegram_messages", "telegram_chats"}


def test_logs_and_output(run: Run) -> None:
    written = {log.name: log.read_text(errors="replace") for log in (run.up.data_dir / "logs").glob("*.log")}
    assert {"web.log", "gateway.log", "worker.log", "sandbox.log", "postgres.log"} <= written.keys()
    assert " DEBUG " in written["gateway.log"], "the logs are not at DEBUG: this test shows nothing"
    assert "Traceback" not in written["web.log"], written["web.log"][-3000:]
    written |= {f"printed {place}": text for place, text in enumerate(run.printed)}
    secrets = run.secrets | {"text": TEXT, "phone": PHONE} | {f"code {code}": code for code in run.codes}
    for name, text in written.items():
        found = [secret for secret, value in secrets.items() if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)]
        assert not found, (name, found)


def test_process_list(run: Run) -> None:
    lines = "\n".join(run.command_lines)
    assert "tgadmin.web" in lines
    assert "qcluster" in lines
    secrets = run.secrets | {"text": TEXT, "phone": PHONE}
    assert not [name for name, value in secrets.items() if value in lines]


def test_pages(run: Run) -> None:
    """Whatever was answered: secrets nowhere; phones on the sign-in's pages only, to whoever typed them."""
    assert len({path for path, _, _ in run.pages}) > 30
    assert {status for _, status, _ in run.pages} >= {200, 400, 403, 404, 422}
    for path, status, body in run.pages:
        text = html.unescape(body)
        found = [name for name, value in run.secrets.items() if value in text and not name.startswith("cookie")]
        found += ["phone"] * (PHONE in text and not path.startswith(SIGN_IN))
        found += ["message text"] * (TEXT in text and status >= 400)
        assert not found, (path, status, found)
        assert not codes_in(run, text), path
    assert any(NOTICE in html.unescape(body) for path, _, body in run.pages if path.startswith("/chats/"))
    assert any(NOTICE in html.unescape(body) for path, _, body in run.pages if path.startswith("/admin/chats/message/"))


def codes_in(run: Run, text: str) -> list[str]:
    return [code for code in run.codes if re.search(rf"(?<![\w.]){code}(?!\w|\.\d)", text)]


def test_frames_of_the_live_socket(run: Run) -> None:
    """Every frame that anybody was sent, but for the one answer in which a manager asked to be shown a code."""
    assert {json.loads(text)["type"] for text in run.frames} >= {"welcome", "list", "chats", "reset", "error"}
    assert any(NOTICE in text for text in run.frames)
    for text in run.frames:
        found = [name for name, value in run.secrets.items() if value in text]
        assert not found + codes_in(run, text), text[:200]
    assert [bool(codes_in(run, text)) for text in run.revealed] == [True]


def test_output_about_chats(run: Run) -> None:
    assert any(NOTICE in text for text in run.chats)
    assert not [text for text in run.chats if codes_in(run, text) or "Traceback" in text]


def test_what_is_for_managers_only(run: Run) -> None:
    """Pages, frames and output of a viewer and an operator: not even the words around a code."""
    assert len(run.hidden) > 30
    for text in run.hidden:
        plain = html.unescape(text)
        assert NOTICE not in plain
        assert str(SERVICE) not in plain


def columns(run: Run) -> dict[tuple[str, str], str]:
    """Everything that a dump holds: each column of each table as text, bytes as hex and as they are."""
    found: dict[tuple[str, str], str] = {}
    with psycopg.connect(run.up.runtime().environment["DATABASE_URL"]) as database:
        names = database.execute(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns "
            "JOIN information_schema.tables USING (table_schema, table_name) WHERE table_type = 'BASE TABLE' "
            "AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table, column in names:
            query = sql.SQL("SELECT {} FROM {}").format(sql.Identifier(column), sql.Identifier(schema, table))
            values = [value for (value,) in database.execute(query) if value is not None]
            shown = (f"{bytes(v).hex()} {bytes(v)!r}" if isinstance(v, bytes | memoryview) else str(v) for v in values)
            found[table, column] = "\n".join(shown)
    return found


def test_database(run: Run) -> None:
    """Every column of every table, as a dump has it. Phones stand in their own columns, texts in those of messages;
    secrets in the encrypted columns, where none can be read either."""
    found = columns(run)
    assert found.keys() >= PHONE_COLUMNS | ENCRYPTED_COLUMNS
    assert any(content for (table, _), content in found.items() if table == "audit_entries")
    never = {name: value for name, value in run.secrets.items() if not name.startswith("cookie")}
    for place, content in found.items():
        assert not [secret for secret, value in never.items() if value in content], place
        assert PHONE not in content or place in PHONE_COLUMNS, place
        assert TEXT not in content or place[0] in TEXT_TABLES, place
    assert found["telegram_authorization_secrets", "secret"]
    assert found["telegram_proxy_secrets", "secret"]
    with psycopg.connect(run.up.runtime().environment["DATABASE_URL"]) as database:
        left = database.execute(  # the walk over the pages may have begun one that is open still
            "SELECT count(*) FROM telegram_sign_ins s JOIN telegram_sign_in_secrets x ON x.attempt_id = s.id "
            "WHERE s.step IN ('done', 'failed', 'cancelled')"
        ).fetchone()
    assert left == (0,)
    assert not found["telegram_command_secrets", "secret"]
    for place, content in found.items():
        # A number that stands alone (a port, a process id) may be the same by chance; codes are texts.
        lines = (line for line in content.splitlines() if not re.fullmatch(r"-?\d+(\.\d+)?", line))
        assert not codes_in(run, "\n".join(lines)), place
    assert found["telegram_message_secrets", "secret"]
    assert NOTICE in found["telegram_messages", "text"]
    assert "message.code_shown" in found["audit_entries", "action"]


def test_files_are_their_owners_only(run: Run) -> None:
    data = run.up.data_dir
    assert data.stat().st_mode & 0o077 == 0
    for folder, _, files in os.walk(data):
        for name in files:
            path = Path(folder) / name
            private = path.suffix != ".pem"  # the sandbox's public key
            assert not private or path.lstat().st_mode & 0o077 == 0, path
