"""`manage.py up` as a whole: real servers, sandbox, web, gateway, worker in a directory of its own."""

import http.client
import http.cookies
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests.kit.running import ROOT, RunningUp, bare_environment, python_as, temporary_base, unused_port
from tests.kit.waiting import eventually
from tgadmin.local import runtime
from tgadmin.local.account import nobody
from tgadmin.local.errors import NotRunning
from tgadmin.local.paths import DataDir
from tgadmin.local.postgres import Postgres
from tgadmin.local.valkey import Valkey

NAMES = {"postgres", "valkey", "sandbox", "web", "gateway", "worker"}


def is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:  # it may end between any two looks
        return False


def descendants(pid: int) -> list[int]:
    """What a process has started; nothing if it is gone."""
    try:
        return [one.pid for one in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def signs_in(port: int, user: str, password: str) -> bool:
    """Through the admin's own form, as a browser does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/admin/login/")
    answer = connection.getresponse()
    page = answer.read().decode()
    cookies = http.cookies.SimpleCookie(answer.headers["Set-Cookie"])
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token is not None
    form = {"csrfmiddlewaretoken": token[1], "username": user, "password": password, "next": "/admin/"}
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"csrftoken={cookies['csrftoken'].value}",
        "Origin": f"http://127.0.0.1:{port}",
    }
    connection.request("POST", "/admin/login/", urllib.parse.urlencode(form), headers)
    status = connection.getresponse().status
    connection.close()
    return status == 302


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningUp]:
    """One `up` for the tests that leave it as it was."""
    with temporary_base() as base, RunningUp(base / "var") as up:
        up.wait_ready()
        yield up


def test_everything_runs_and_the_last_lines_lead_in(shared: RunningUp) -> None:
    ready = shared.wait_ready()
    assert ready["address"] == f"http://127.0.0.1:{shared.port}/"
    assert ready["user"] == "admin"
    assert set(shared.runtime().processes) == NAMES
    assert all(is_running(pid) for pid in shared.runtime().processes.values())
    assert get(shared.port, "/healthz")[0] == 200
    status, answer = get(shared.port, "/readyz")
    assert (status, json.loads(answer)) == (200, {"ready": True, "reasons": []})
    assert signs_in(shared.port, ready["user"], Path(ready["password_file"]).read_text().strip())
    assert not signs_in(shared.port, ready["user"], "wrong")


def connections(process: psutil.Process) -> list[Any]:
    """None of one that has ended meanwhile, as PostgreSQL's do all the time."""
    try:
        return list(process.net_connections())
    except psutil.NoSuchProcess:
        return []


def test_only_loopback_is_listened_on(shared: RunningUp) -> None:
    shared.wait_ready()
    listening = [
        connection.laddr.ip
        for pid in shared.runtime().processes.values()
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
        for connection in connections(process)
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 5  # PostgreSQL, Valkey, web, the data centre and its control address
    assert set(listening) == {"127.0.0.1"}


def test_nobody_else_can_read_what_is_there(shared: RunningUp) -> None:
    shared.wait_ready()
    data = DataDir.at(shared.data_dir)
    assert stat.S_IMODE(data.root.stat().st_mode) == 0o700
    for secret in (data.runtime, data.keys, data.initial_password, data.postgres, data.demo, *data.logs.glob("*.log")):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600, secret


def test_secrets_are_in_no_process_list_and_no_log(shared: RunningUp) -> None:
    shared.wait_ready()
    told = shared.runtime().environment
    postgres, valkey = (urllib.parse.urlsplit(told[name]).password for name in ("DATABASE_URL", "REDIS_URL"))
    secrets = [
        told["SECRET_KEY"],
        told["SESSION_ENCRYPTION_KEYS"],
        postgres,
        valkey,
        shared.password,
        told["TELEGRAM_API_HASH"],
    ]
    lines = [
        " ".join(psutil.Process(pid).cmdline()) for pid in [shared.process.pid, *shared.runtime().processes.values()]
    ]
    logs = [log.read_text(errors="replace") for log in (shared.data_dir / "logs").glob("*.log")]
    for secret in secrets:
        assert secret
        assert not [text for text in [*lines, *logs] if secret in text]
    environments = [psutil.Process(pid).environ() for pid in shared.runtime().processes.values()]
    assert not [one for one in environments if "DJANGO_SUPERUSER_PASSWORD" in one]


def test_other_commands_find_it(shared: RunningUp) -> None:
    shared.wait_ready()
    ended = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--check"],
        cwd=ROOT,
        env=bare_environment(DATA_DIR=str(shared.data_dir)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_second_up_says_who_runs(shared: RunningUp) -> None:
    shared.wait_ready()
    with RunningUp(shared.data_dir) as second:
        assert second.wait() == 1
        assert f"in use already: process {shared.process.pid} (http://127.0.0.1:{shared.port}/)" in second.errors()
        assert len(second.errors().splitlines()) == 1


def test_a_taken_port_is_said_before_anything_starts(base: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with RunningUp(base / "var", port=other.getsockname()[1]) as up:
            assert up.wait() == 1
            assert re.search(r"is taken or not allowed: try --port \d+\.", up.errors())
    assert up.events == []
    assert not (base / "var" / "postgres.json").exists()


@pytest.mark.parametrize("name", ["web", "gateway", "worker", "sandbox", "valkey", "postgres"])
def test_what_is_killed_comes_back(shared: RunningUp, name: str) -> None:
    shared.wait_ready()
    before = shared.runtime().processes
    forked = descendants(before[name])
    os.kill(before[name], signal.SIGKILL)
    eventually(lambda: shared.runtime().processes[name] != before[name], 60, f"another {name}")
    eventually(lambda: get_safely(shared.port, "/readyz") == 200, 60, "a web process that can work")
    eventually(lambda: not any(is_running(pid) for pid in forked), 30, "the end of what it forked")
    assert f"{name} ended (SIGKILL)" in shared.said()
    others = {
        other: pid for other, pid in shared.runtime().processes.items() if other not in (name, "gateway", "worker")
    }
    assert others == {other: pid for other, pid in before.items() if other in others}


def get_safely(port: int, path: str) -> int:
    try:
        return get(port, path)[0]
    except OSError:
        return 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_and_second_start(base: Path, number: signal.Signals) -> None:
    """Stops with status 0 in a few seconds, leaves nothing, and keeps all: keys, password, sandbox's ports, data."""
    with RunningUp(base / "var") as first:
        first.wait_ready()
        told, pids = first.runtime(), first.runtime().processes
        password = first.password
        with psycopg.connect(told.environment["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        assert first.stop(number, seconds=30) == 0
    assert first.errors() == ""
    assert not [name for name, pid in pids.items() if is_running(pid)]
    with pytest.raises(NotRunning):
        runtime.load(base / "var")
    with RunningUp(base / "var", port=first.port) as second:
        second.wait_ready()
        assert "applying migrations" not in second.said()
        again = second.runtime()
        assert again.environment["SECRET_KEY"] == told.environment["SECRET_KEY"]
        assert again.environment["SESSION_ENCRYPTION_KEYS"] == told.environment["SESSION_ENCRYPTION_KEYS"]
        assert again.environment["TELEGRAM_DC"] == told.environment["TELEGRAM_DC"]
        assert second.password == password
        assert signs_in(second.port, "admin", password)
        with psycopg.connect(again.environment["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_killed_up_leaves_nothing_that_stops_the_next(base: Path) -> None:
    with RunningUp(base / "var") as first:
        first.wait_ready()
        pids = first.runtime().processes
        first.kill()
    with RunningUp(base / "var", port=first.port) as second:
        second.wait_ready()
        assert not [name for name, pid in pids.items() if is_running(pid)]
        assert signs_in(second.port, "admin", second.password)


def test_children_of_a_killed_up_end_by_themselves(base: Path) -> None:
    with RunningUp(base / "var") as up:
        up.wait_ready()
        pids = up.runtime().processes
        everyone = [pid for started in pids.values() for pid in (started, *descendants(started))]
        up.kill()
    eventually(lambda: not [pid for pid in everyone if is_running(pid)], 30, "the end of all children")


def test_a_stop_during_the_start_is_obeyed(base: Path) -> None:
    with RunningUp(base / "var") as up:
        eventually(lambda: "migrations" in up.said(), 60, "the migrations")
        assert up.stop(signal.SIGINT, seconds=30) == 0
    assert not [one for one in psutil.process_iter(["cmdline"]) if str(base) in " ".join(one.info["cmdline"] or [])]
    with RunningUp(base / "var") as again:
        again.wait_ready()


def test_a_wrong_configuration_stops_the_start_and_names_the_variable(base: Path) -> None:
    environment = {"TELEGRAM_API_ID": "12345"}  # without its TELEGRAM_API_HASH
    with RunningUp(base / "var", environment=environment) as up:
        assert up.wait(90) == 1
        assert "TELEGRAM_API_HASH" in up.errors()
        assert len(up.errors().splitlines()) == 1


def test_databases_and_administrator_of_the_users_own(base: Path) -> None:
    """PostgreSQL and Valkey from outside, by their URLs; nothing is embedded, no key is made."""
    outside = DataDir.at(base / "outside")
    outside.prepare()
    postgres = Postgres(outside, durable=False)
    valkey = Valkey(outside, postgres.place.copies)
    environment = {
        "DATABASE_URL": postgres.start(),
        "REDIS_URL": valkey.start(),
        "DJANGO_SUPERUSER_USERNAME": "marta",
        "DJANGO_SUPERUSER_PASSWORD": "given-by-the-user",
        "DJANGO_SUPERUSER_EMAIL": "marta@example.org",
    }
    try:
        with RunningUp(base / "var", environment=environment) as refused:
            assert refused.wait() == 1
            assert "SECRET_KEY and SESSION_ENCRYPTION_KEYS must be set too" in refused.errors()
        environment |= {"SECRET_KEY": "s" * 60, "SESSION_ENCRYPTION_KEYS": "k" * 60}
        with RunningUp(base / "var", environment=environment) as up:
            assert up.wait_ready()["user"] == "marta"
            assert set(up.runtime().processes) == NAMES - {"postgres", "valkey"}
            assert signs_in(up.port, "marta", "given-by-the-user")
            assert not up.runtime().environment["DATABASE_URL"].endswith("given-by-the-user")
        data = DataDir.at(base / "var")
        assert not any(path.exists() for path in (data.postgres, data.valkey, data.keys, data.initial_password))
    finally:
        valkey.stop()
        postgres.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user then")
def test_as_an_ordinary_user(base: Path) -> None:
    user = nobody()
    python = python_as(user)
    home = base / "home"
    home.mkdir()
    user.own(home)
    port = unused_port()
    up = subprocess.Popen(
        [*python, "manage.py", "up", "--json", "--port", str(port)],
        cwd=ROOT,
        env=bare_environment(PYTHONDONTWRITEBYTECODE="1", DATA_DIR=str(home / "var")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert up.stdout is not None
    try:
        events = []
        for line in up.stdout:
            events.append(json.loads(line))
            if events[-1]["event"] == "ready":
                break
        assert up.stderr is not None
        assert "ready" in [event["event"] for event in events], f"{events} {up.stderr.read()}"
        told = json.loads((home / "var" / "runtime.json").read_text())
        assert {psutil.Process(pid).uids().real for pid in told["processes"].values()} == {user.uid}
        assert (home / "var" / "postgres" / "data").is_dir()
        assert get(port, "/readyz")[0] == 200
    finally:
        up.terminate()
        up.communicate(timeout=60)
    assert up.returncode == 0
