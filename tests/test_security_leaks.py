"""Canaries: a whole run with LOG_LEVEL=DEBUG, right and wrong turns, then a look for every secret where none may be.

Real processes: logs, output, the process list, the database outside its encrypted columns, the rights of files.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import psycopg
import pytest
from psycopg import sql

from tests.rawsocket import RawSocket
from tests.running import ROOT, RunningUp, bare_environment, temporary_base

pytestmark = pytest.mark.timeout(400)

PHONE, PASSWORD = "9996621002", "north-star-24"
"""The demo's second account, which has a cloud password."""
WRONG_CLOUD, WRONG_STAFF, TEXT = "canary-wrong-cloud-7", "canary-wrong-staff-7", "canary-message-text-7"
PATIENCE = 30.0

PHONE_COLUMNS = {"telegram_sessions", "telegram_sign_ins", "telegram_peers"}
TEXT_TABLES = {"telegram_messages", "telegram_chats"}


@dataclass
class Run:
    """What was done and what must not be found."""

    up: RunningUp
    codes: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    command_lines: set[str] = field(default_factory=set)

    @property
    def secrets(self) -> dict[str, str]:
        environment = self.up.runtime().environment
        named = {name: environment[name] for name in ("SECRET_KEY", "SESSION_ENCRYPTION_KEYS", "TELEGRAM_API_HASH")}
        named |= {"database password": re.split("[:@]", environment["DATABASE_URL"])[2]}
        named |= {"staff password": self.up.password, "cloud password": PASSWORD}
        named |= {"wrong cloud password": WRONG_CLOUD, "wrong staff password": WRONG_STAFF}
        return named | {f"cookie {place}": value for place, value in enumerate(self.cookies)}


def command(run: Run, *arguments: str, stdin: str = "") -> dict[str, Any]:
    """A management command as a script runs it; its process list entry is looked at while it runs."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", *arguments, "--json"],
        cwd=ROOT, env=bare_environment(DATA_DIR=str(run.up.data_dir), LOG_LEVEL="DEBUG"), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    run.command_lines.add(" ".join(psutil.Process(process.pid).cmdline()))
    out, errors = process.communicate(stdin, timeout=120)
    run.printed += [out, errors]
    return dict(json.loads(out)) if out.startswith("{") else {}


def new_code(run: Run, count: int) -> str:
    lines = Path(run.up.runtime().sandbox["codes"]).read_text().splitlines()
    codes = [json.loads(line)["code"] for line in lines if json.loads(line)["phone"] == PHONE]
    assert len(codes) == count
    run.codes.append(codes[-1])
    return str(codes[-1])


class Browser:
    """HTTP with cookies; forms carry the page's token."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._jar = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))

    def open(self, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str, str]:
        """Status, final address, body."""
        if form is not None:
            form = {"csrfmiddlewaretoken": self._jar_value("csrftoken")} | form
        data = None if form is None else urlencode(form).encode()
        request = urllib.request.Request(self._run.up.wait_ready()["address"].rstrip("/") + path, data, headers)
        try:
            with self._opener.open(request, timeout=30) as answer:
                return answer.status, answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.url or "", error.read().decode()
        finally:
            self._run.cookies += [cookie.value for cookie in self._jar if cookie.value and len(cookie.value) > 20]

    def _jar_value(self, name: str) -> str:
        return next((cookie.value or "" for cookie in self._jar if cookie.name == name), "")

    @property
    def cookie(self) -> str:
        return f"sessionid={self._jar_value('sessionid')}"


def watch(run: Run, stop: threading.Event) -> None:
    """Collects the command lines of all processes below ``up``."""
    while not stop.wait(0.2):
        with suppress(psutil.Error):  # one that ends just now; and at a failed test's end, all
            for process in psutil.Process(run.up.process.pid).children(recursive=True):
                run.command_lines.add(" ".join(process.cmdline()))


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with temporary_base() as base, RunningUp(base / "var", environment={"LOG_LEVEL": "DEBUG"}) as up:
        up.wait_ready()
        done, stop = Run(up), threading.Event()
        watcher = threading.Thread(target=watch, args=(done, stop), daemon=True)
        watcher.start()
        everything(done)
        stop.set()
        watcher.join()
        yield done


def everything(run: Run) -> None:
    """Signs in to the page (wrongly first), an account in (wrongly first), sends a text, and asks wrongly all over."""
    browser = Browser(run)
    browser.open("/admin/login/")
    browser.open("/admin/login/", {"username": "admin", "password": WRONG_STAFF})
    assert browser.open("/admin/login/", {"username": "admin", "password": run.up.password, "next": "/"})[0] == 200
    start = "/admin/tg_sessions/session/sign-in/"
    browser.open(start, {"csrfmiddlewaretoken": "x", "phone": PHONE})
    browser.open(start, {"phone": f"+{PHONE}x"})
    status, where, _ = browser.open(start, {"name": "Support", "phone": f"+{PHONE}"})
    assert status == 200
    attempt = where.rstrip("/").rsplit("/", 1)[1]
    step(browser, attempt, 'name="code"')
    code = new_code(run, 1)
    browser.open(f"{start}{attempt}/", {"action": "code", "code": str((int(code) + 1) % 100000).zfill(5)})
    step(browser, attempt, "PHONE_CODE_INVALID")
    first = command(run, "session", "login", "--attempt", attempt, "--code-stdin", stdin=code)
    assert first["step"] == "password"
    browser.open(f"{start}{attempt}/", {"action": "password", "password": WRONG_CLOUD})
    step(browser, attempt, "PASSWORD_HASH_INVALID")
    last = command(run, "session", "login", "--attempt", attempt, "--password-stdin", stdin=PASSWORD)
    assert last["step"] == "done"
    session = last["session"]
    command(run, "session", "check", str(session))
    with psycopg.connect(run.up.runtime().environment["DATABASE_URL"]) as database:
        row = database.execute("SELECT id FROM telegram_chats WHERE kind = 'user' ORDER BY id LIMIT 1").fetchone()
    assert row is not None
    sent = command(run, "chat", "send", str(row[0]), "--text-stdin", stdin=TEXT)
    assert sent["state"] == "sent"
    wrongly(run, browser, session, row[0])
    assert browser.open(f"/chats/{session}/{row[0]}/history/")[0] == 200
    browser.open("/admin/logout/", {})


def step(browser: Browser, attempt: str, shows: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while shows not in browser.open(f"/admin/tg_sessions/session/sign-in/{attempt}/")[2]:
        assert time.monotonic() < deadline, shows


def wrongly(run: Run, browser: Browser, session: int, chat: int) -> None:
    for path in (f"/nowhere/{TEXT}", f"/admin/chats/message/?q={TEXT}%00", f"/chats/{session}/list/?tab={TEXT}"):
        assert browser.open(path)[0] in (400, 404)
    assert browser.open("/", Host="evil.example")[0] == 400
    assert browser.open("/admin/login/", {"password": WRONG_STAFF}, Origin="https://evil.example")[0] == 403
    address = run.up.wait_ready()["address"].rstrip("/")
    hello = b'{"type":"hello","version":1}'
    text = json.dumps({"type": "send", "chat": chat, "cid": str(uuid.uuid4()), "text": TEXT}).encode()
    for frames, code in (
        ([text], 4400),
        ([hello, text[:-5]], 4400),
        ([hello, b"\xff\xfe" + text], 1006),
        ([hello, text.replace(TEXT.encode(), TEXT.encode() * 5000)], 1006),
        ([hello, text + b" " * 2_000_000], 1006),
    ):
        socket = RawSocket(run.up.port, browser.cookie, address)
        assert socket.status == 101
        for frame in frames:
            with suppress(ConnectionError):  # hung up on before all of it was sent
                socket.send(frame)
        assert socket.close_code() == code
        socket.close()
    for origin in ("https://evil.example", "null", None, address.replace("127.0.0.1", "127.0.0.1.evil.example")):
        assert RawSocket(run.up.port, browser.cookie, origin).status == 403, origin
    assert RawSocket(run.up.port, browser.cookie, address, host="evil.example").status in (101, 403)
    for cookie in ("", 'sessionid="\\000aaaaaaaaaa"'):
        assert RawSocket(run.up.port, cookie, address).close_code() == 4401


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
    assert "daphne" in lines
    assert "qcluster" in lines
    secrets = run.secrets | {"text": TEXT, "phone": PHONE}
    assert not [name for name, value in secrets.items() if value in lines]


def test_database(run: Run) -> None:
    """Every column of every table, as a dump shows it."""
    url = run.up.runtime().environment["DATABASE_URL"]
    with psycopg.connect(url) as database:
        names = [name for (name,) in database.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )]  # fmt: skip
        tables = {
            name: "\n".join(
                row for (row,) in database.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name)))
            )
            for name in names
        }
    never = {name: value for name, value in run.secrets.items() if not name.startswith("cookie")}
    for name, content in tables.items():
        assert not [secret for secret, value in never.items() if value in content], name
        assert PHONE not in content or name in PHONE_COLUMNS, name
        assert TEXT not in content or name in TEXT_TABLES, name
    assert tables["telegram_authorization_secrets"]
    assert not tables["telegram_sign_in_secrets"]
    assert not tables["telegram_command_secrets"]
    for kept in ("telegram_commands", "telegram_session_events", "django_q_task", "django_q_ormq"):
        assert not [code for code in run.codes if re.search(rf"(?<!\d){code}(?!\d)", tables[kept])], kept


def test_files_are_their_owners_only(run: Run) -> None:
    data = run.up.data_dir
    assert data.stat().st_mode & 0o077 == 0
    for folder, _, files in os.walk(data):
        for name in files:
            path = Path(folder) / name
            private = path.suffix not in (".pem",)  # the sandbox's public key
            assert not private or path.lstat().st_mode & 0o077 == 0, path
