"""Under root, web, gateway and worker are ordinary users; the worker gets no encryption keys where it needs none."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import psutil
import psycopg
import pytest

from tests.kit.running import ROOT, RunningUp, temporary_base
from tests.kit.waiting import eventually
from tgadmin.local import programs
from tgadmin.local.paths import DataDir
from tgadmin.local.programs import GATEWAY, WEB, WORKER

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root's programs run as other users")
SYSTEM_PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="module")
def python() -> list[str]:
    """An interpreter that everybody can run, with this one's packages."""
    if not os.path.realpath(sys.executable).startswith("/root/"):
        return [sys.executable]
    version = "import sys; print(*sys.version_info[:2])"
    found = subprocess.run([SYSTEM_PYTHON, "-c", version], capture_output=True, text=True, check=False)
    if found.stdout.split() != [str(part) for part in sys.version_info[:2]]:
        pytest.skip(f"{sys.executable} lies in /root, and {SYSTEM_PYTHON} is another version")
    return ["env", f"PYTHONPATH={sysconfig.get_path('purelib')}", SYSTEM_PYTHON]


@pytest.fixture(scope="module")
def up(python: list[str]) -> Iterator[RunningUp]:
    with temporary_base() as base, RunningUp(base / "var", python=python) as running:
        running.wait_ready()
        yield running


def process(up: RunningUp, name: str) -> psutil.Process:
    return psutil.Process(up.runtime().processes[name])


def test_they_are_ordinary_users_and_the_demo_works(up: RunningUp) -> None:
    if "as root" in up.said() and "none of them as root" not in up.said():
        pytest.skip(up.said())
    users = {name: process(up, name).uids().real for name in (WEB, GATEWAY, WORKER)}
    assert 0 not in users.values()
    assert users[WEB] == users[GATEWAY] != users[WORKER]
    postgres = process(up, "postgres").uids().real
    assert postgres not in users.values()
    assert "SESSION_ENCRYPTION_KEYS" not in process(up, "sandbox").environ()
    start_the_demo(up)
    environment = up.runtime().environment
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as database:
        ready = "SELECT count(*) FROM telegram_sessions WHERE status = 'ready'"
        eventually(lambda: database.execute(ready).fetchone() == (2,), 90, "the demo's two accounts")


def test_nobody_else_reads_what_they_share(up: RunningUp) -> None:
    shared = Path(up.runtime().environment["TELEGRAM_DC_PUBLIC_KEY"]).parent
    for path in (shared, *shared.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o027 == 0, path  # nobody but root writes, others read nothing
        assert path.stat().st_uid == 0
    assert stat.S_IMODE(up.data_dir.stat().st_mode) == 0o700


def test_without_the_demo_the_worker_has_no_encryption_keys(python: list[str]) -> None:
    telegram = {"TELEGRAM_API_ID": "12345", "TELEGRAM_API_HASH": "0" * 32, "TELEGRAM_DC": "2@127.0.0.1:1"}
    with temporary_base() as base, RunningUp(base / "var", python=python, environment=telegram) as running:
        running.wait_ready()
        environments = {name: process(running, name).environ() for name in (WEB, GATEWAY, WORKER)}
        with_keys = {name for name, found in environments.items() if "SESSION_ENCRYPTION_KEYS" in found}
        assert with_keys == {WEB, GATEWAY}
        with psycopg.connect(running.runtime().environment["DATABASE_URL"], autocommit=True) as database:
            database.execute("UPDATE django_q_schedule SET next_run = now() - interval '1 minute'")
            done = "SELECT count(*), count(*) FILTER (WHERE success) FROM django_q_task"
            eventually(lambda: (database.execute(done).fetchone() or (0,))[0] >= 4, 90, "the worker's tasks")
            found = database.execute(done).fetchone()
            assert found is not None
            assert found[0] == found[1]  # each succeeded


def test_it_is_said_why_they_are_root(data: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    found = programs.find(data, hidden, 8000)
    assert found.users == {}
    assert "run as root: another user cannot run" in found.message
    assert str(hidden) in found.message


def test_a_port_of_roots(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tgadmin.local.account.ServiceUser.can_run_python", lambda *_: True)
    found = programs.find(data, ROOT, 80)
    try:
        assert set(found.users) == {GATEWAY, WORKER}
        assert "port 80 is root's" in found.message
    finally:
        found.forget()


def test_an_ordinary_user_changes_nobody(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "is_root", lambda: False)
    assert programs.find(data, ROOT, 80) == programs.Programs()


def start_the_demo(up: RunningUp) -> None:
    """As its button does."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    address = f"http://127.0.0.1:{up.port}"

    def post(path: str, page: str, **form: str) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token is not None
        sent = urlencode({"csrfmiddlewaretoken": token[1], **form}).encode()
        request = urllib.request.Request(address + path, sent, {"Origin": address})
        return str(browser.open(request).read().decode())

    page = browser.open(f"{address}/admin/login/").read().decode()
    post("/admin/login/", page, username=up.wait_ready()["user"], password=up.password, next="/admin/")
    demo = "/admin/tg_sessions/session/demo/"
    post(f"{demo}start/", browser.open(address + demo).read().decode())
