"""A whole run of the installation with canaries for secrets: right and wrong turns, everything that it said kept.

Real processes, LOG_LEVEL=DEBUG. Telegram's login codes come as messages too; one manager is shown one of them.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil
import psycopg
import pytest

from apps.chats.payloads import PROTOCOL
from sandbox.proxy_servers import Socks5Front
from sandbox.server import Sandbox
from tests.kit.canary_run import (
    MTPROXY_SECRET,
    PASSWORD,
    PHONE,
    PROXY_NAME,
    PROXY_PASSWORD,
    TEXT,
    WRONG_CLOUD,
    WRONG_STAFF,
    Browser,
    Run,
)
from tests.kit.rawsocket import RawSocket
from tests.kit.running import ROOT, RunningUp, bare_environment, temporary_base
from tests.kit.threads import LoopThread
from tests.kit.waiting import eventually
from tgadmin.core.encryption import Keyring, Place

PATIENCE = 30.0
SIGN_IN = "/admin/tg_sessions/session/sign-in/"
COLLEAGUES = {"canary-viewer": "VIEWER", "canary-operator": "OPERATOR", "canary-manager": "MANAGER"}
COLLEAGUES_PASSWORD = "canary-colleagues-7"
SERVICE, NOTICE = 777000, "Do not give this code to anyone"
"""Telegram's own account, and what it writes beside a code: for managers."""


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
        done.proxy, stop_proxy = socks_proxy(up.runtime().sandbox)
        watcher = threading.Thread(target=watch, args=(done, stop), daemon=True)
        watcher.start()
        everything(done)
        stop.set()
        watcher.join()
        done.auth_keys = auth_keys(up.runtime().environment)
        yield done
        stop_proxy()


def socks_proxy(sandbox: dict[str, Any]) -> tuple[str, Callable[[], None]]:
    """A real SOCKS5 proxy in front of the installation's data centre: its link, and what ends it."""
    port = int(sandbox["port"])
    loop = LoopThread()
    front = Socks5Front(cast(Sandbox, SimpleNamespace(host="127.0.0.1", ports=[port])), PROXY_NAME, PROXY_PASSWORD)
    loop.run(front.listen())

    def stop() -> None:
        loop.call(front.close)
        loop.close()

    return front.link, stop


def auth_keys(environment: dict[str, str]) -> dict[str, str]:
    """What the encrypted columns really hold, in the forms in which it might be written somewhere."""
    keyring = Keyring(environment["SESSION_ENCRYPTION_KEYS"].split(","))
    with psycopg.connect(environment["DATABASE_URL"]) as database:
        rows = database.execute("SELECT authorization_id, secret FROM telegram_authorization_secrets").fetchall()
    found = {}
    for place, (row, token) in enumerate(rows):
        there = Place("telegram_authorization_secrets", "secret", str(row))
        text = json.loads(keyring.decrypt(bytes(token), there))["auth_key"]
        raw = base64.b64decode(text)
        forms = {"base64": text[:60], "hex": raw[8:40].hex(), "python": repr(raw[8:40])[2:-1]}
        found |= {f"auth key {place} as {name}": form for name, form in forms.items()}
    assert found
    return found


def everything(run: Run) -> None:
    """Signs in to the page (wrongly first), an account in (wrongly first), sends a text, and asks wrongly all over."""
    browser = Browser(run)
    browser.open("/admin/login/")
    browser.open("/admin/login/", {"username": "admin", "password": WRONG_STAFF})
    assert browser.open("/admin/login/", {"username": "admin", "password": run.up.password, "next": "/"})[0] == 200
    start = SIGN_IN
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
    with_proxies(run, browser, session)
    with psycopg.connect(run.up.runtime().environment["DATABASE_URL"]) as database:
        row = database.execute("SELECT id FROM telegram_chats WHERE kind = 'user' ORDER BY id LIMIT 1").fetchone()
    assert row is not None
    sent = command(run, "chat", "send", str(row[0]), "--text-stdin", stdin=TEXT)
    assert sent["state"] == "sent"
    wrongly(run, browser, session, row[0])
    assert browser.open(f"/chats/{session}/{row[0]}/history/")[0] == 200
    for words in ("session list", "session rekey", "monitor status"):
        command(run, *words.split())
    with_codes_from_telegram(run, browser, session)
    browser.crawl()
    browser.open("/admin/logout/", {})


def with_codes_from_telegram(run: Run, browser: Browser, session: int) -> None:
    """Somebody signs the account in once more: Telegram tells the code in its own chat. Everybody looks for it."""
    people = {name: signed_in(run, name, role, session) for name, role in COLLEAGUES.items()}
    before = Listener(run, browser.cookie)
    before.ask(type="list", session=session)
    command(run, "session", "login", "--session", str(session))
    new_code(run, 2)
    chat = eventually_row(run, "SELECT id FROM telegram_chats WHERE peer_id = %s AND last_message_id > 0", SERVICE)
    found = eventually_row(
        run, "SELECT id FROM telegram_messages WHERE chat_id = %s AND text LIKE %s", chat, f"%{NOTICE}%"
    )
    before.until(lambda frame: frame["type"] == "chats" and NOTICE[:20] in json.dumps(frame))
    before.close()
    for name, colleague in {"": browser, **people}.items():
        sees = name in ("", "canary-manager")
        listener = Listener(run, colleague.cookie)
        listener.ask(type="list", session=session)
        answer = listener.ask(type="open", chat=chat)
        assert answer["type"] == ("reset" if sees else "error")
        listener.ask(type="history", chat=chat, before=0)
        listener.close()
        for path in (f"/chats/{session}/{chat}/", f"/chats/{session}/{chat}/history/"):
            assert colleague.open(path)[0] == (200 if sees else 404)
        printed = len(run.printed)
        command(run, "chat", "list", str(session), *(("--user", name) if name else ()))
        command(run, "chat", "history", str(chat), *(("--user", name) if name else ()))
        told = run.printed[printed:]
        del run.printed[printed:]  # what people wrote is data there
        run.chats += told
        if not sees:
            colleague.crawl()
            run.hidden += listener.texts + colleague.bodies + told
    reveals = Listener(run, people["canary-manager"].cookie)
    reveals.ask(type="list", session=session)
    shown = reveals.ask(type="reveal", message=found)
    assert run.codes[-1] in shown["shown"]["text"]
    run.frames.remove(reveals.texts[-1])
    run.revealed.append(reveals.texts[-1])
    reveals.close()


def signed_in(run: Run, name: str, role: str, session: int) -> Browser:
    """A colleague with this role in the account, and their browser."""
    code = (
        "import sys; from django.contrib.auth.models import User; from apps.sessions.models import SessionGrant; "
        "from apps.staff.roles import Role; "
        f"user = User.objects.create_user({name!r}, password=sys.stdin.read(), is_staff=True); "
        f"SessionGrant.objects.create(user=user, session_id={session}, role=Role.{role})"
    )
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", code], cwd=ROOT, check=True, text=True,
        input=COLLEAGUES_PASSWORD, env=bare_environment(DATA_DIR=str(run.up.data_dir)), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    browser = Browser(run)
    browser.open("/admin/login/")
    form = {"username": name, "password": COLLEAGUES_PASSWORD, "next": "/chats/"}
    assert browser.open("/admin/login/", form)[0] == 200
    return browser


def eventually_row(run: Run, query: str, *values: object) -> int:
    with psycopg.connect(run.up.runtime().environment["DATABASE_URL"], autocommit=True) as database:
        eventually(lambda: database.execute(query, values).fetchone() is not None, PATIENCE, query)
        row = database.execute(query, values).fetchone()
    assert row is not None
    return int(row[0])


class Listener:
    """A page's socket; every frame that it is sent is kept."""

    def __init__(self, run: Run, cookie: str) -> None:
        self._run, self.texts = run, list[str]()
        self._socket = RawSocket(run.up.port, cookie, run.up.wait_ready()["address"].rstrip("/"))
        assert self._socket.status == 101
        self.ask(type="hello", version=PROTOCOL)

    def ask(self, **frame: Any) -> dict[str, Any]:
        """The first frame of those that answer such a frame."""
        answers = {"hello": "welcome", "list": "list", "open": "reset", "history": "done", "reveal": "ok"}
        self._socket.send(json.dumps({"ref": "x", **frame}).encode())
        return self.until(lambda found: found["type"] in (answers[frame["type"]], "error"))

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            opcode, data = self._socket.receive()
            assert opcode == 1, data
            self.texts.append(data.decode())
            self._run.frames.append(data.decode())
            frame: dict[str, Any] = json.loads(data)
            if wanted(frame):
                return frame

    def close(self) -> None:
        self._socket.close()


def with_proxies(run: Run, browser: Browser, session: int) -> None:
    """One that works, by command; then wrong ones on the page: refused as entered, and when tried."""
    assert command(run, "session", "proxy", str(session), "--set-stdin", stdin=f"{run.proxy}\n")["ok"]
    command(run, "session", "proxy", str(session), "--set-stdin", stdin=f"socks5://{PROXY_NAME}:{PROXY_PASSWORD}@:x\n")
    page = f"/admin/tg_sessions/session/{session}/proxy/"
    browser.open(page)
    dead = f"tg://proxy?server=127.0.0.1&port=1&secret={MTPROXY_SECRET}"
    assert browser.open(page, {"action": "set", "link": dead.replace("port=1", "port=x")})[0] == 422
    parts = {"kind": "socks5", "host": "h", "port": "0", "username": PROXY_NAME, "password": PROXY_PASSWORD}
    assert browser.open(page, {"action": "set", **parts})[0] == 422
    assert browser.open(SIGN_IN, {"phone": f"+{PHONE}x", "proxy": dead})[0] == 422
    assert browser.open(page, {"action": "set", "link": dead})[0] == 200
    deadline = time.monotonic() + PATIENCE
    while "PROXY_UNREACHABLE" not in browser.open(page)[2]:
        assert time.monotonic() < deadline, "the dead proxy was not said"


def step(browser: Browser, attempt: str, shows: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while shows not in browser.open(f"{SIGN_IN}{attempt}/")[2]:
        assert time.monotonic() < deadline, shows


def wrongly(run: Run, browser: Browser, session: int, chat: int) -> None:
    for path in (f"/nowhere/{TEXT}", f"/admin/chats/message/?q={TEXT}%00", f"/chats/{session}/list/?tab={TEXT}"):
        assert browser.open(path)[0] in (400, 404)
    assert browser.open("/", Host="evil.example")[0] == 400
    assert browser.open("/admin/login/", {"password": WRONG_STAFF}, Origin="https://evil.example")[0] == 403
    address = run.up.wait_ready()["address"].rstrip("/")
    hello = b'{"type":"hello","version":2}'
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
